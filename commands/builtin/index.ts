/** The commands that every tool gets, each loaded when it is called. */
import type { LoadCommand } from '../../framework/invocation/source.js'

export const BUILTINS: ReadonlyMap<string, LoadCommand> = new Map<string, LoadCommand>([
  ['attach', async () => (await import('./attach.js')).default],
  ['cleanup', async () => (await import('./cleanup.js')).default],
  ['doctor', async () => (await import('./doctor.js')).default],
  ['events', async () => (await import('./events.js')).default],
  ['logs', async () => (await import('./logs.js')).default],
  ['manifest', async () => (await import('./manifest.js')).default],
  ['ps', async () => (await import('./ps.js')).default],
  ['session list', async () => (await import('./session-list.js')).default],
  ['session stop', async () => (await import('./session-stop.js')).default],
  ['show', async () => (await import('./show.js')).default],
  ['stop', async () => (await import('./stop.js')).default],
  ['version', async () => (await import('./version.js')).default],
  ['wait', async () => (await import('./wait.js')).default],
])

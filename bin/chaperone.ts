/** The reference tool: the framework's own commands, used for real. */
import { runAsStart } from '../commands/reference/run-as-start.js'
import { runTool } from '../framework/index.js'
import { FRAMEWORK_VERSION } from '../manifest/framework-version.js'

/** Answers the call that this process is. */
export async function main(): Promise<never> {
  process.argv.splice(2, Number.POSITIVE_INFINITY, ...(await runAsStart(process.argv.slice(2))))
  return runTool({
    name: 'chaperone',
    version: FRAMEWORK_VERSION,
    description: 'Start, follow and stop processes, and never lose one.',
    commands: {
      run: () => import('../commands/reference/run.js'),
      start: () => import('../commands/reference/start.js'),
      'start-watcher': () => import('../commands/reference/start-watcher.js'),
      'stop-watcher': () => import('../commands/reference/stop-watcher.js'),
    },
    manifest: new URL('./chaperone.manifest.js', import.meta.url),
  })
}

/** A destructive command can be asked what it would do (REQ-C-004). */
import { isPlainObject } from '../plain-data.js'
import type { Rule } from '../violation.js'

export const dryRun: Rule = function* (command) {
  if (command.data['danger_level'] !== 'destructive') return
  const flags = command.data['flags']
  const flag = isPlainObject(flags) && Object.hasOwn(flags, 'dry-run') ? flags['dry-run'] : undefined
  if (flag === undefined) {
    yield {
      code: 'DRY_RUN_MISSING',
      place: 'flags.dry-run',
      message: 'A destructive command can be asked what it would do.',
      fix: "Declare 'dry-run': { type: 'boolean', description: '…' } and obey `ctx.dryRun`.",
    }
  } else if (isPlainObject(flag) && flag['type'] !== 'boolean') {
    yield {
      code: 'DRY_RUN_NOT_BOOLEAN',
      place: 'flags.dry-run.type',
      message: '--dry-run is given without a value.',
      fix: "Make it `type: 'boolean'`.",
    }
  }
}

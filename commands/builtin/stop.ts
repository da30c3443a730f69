/** `stop`: ends runs, whole trees, and says so only after it looked. The usual `cleanup_command` of a contract. */

import { defineCommand } from '../../framework/author.js'
import { faultyRunNames, RUN_PATTERN } from '../../framework/invocation/run-names.js'
import { stopAndRefresh } from '../../framework/runs/stop-and-refresh.js'
import { FOREIGN_RUN, OWNER_HUNG, RUN_NOT_FOUND, SURVIVORS } from './exits.js'
import { graceOf, KILL_AFTER, killAfterFaults } from './kill-after.js'
import { namedRuns } from './named-run.js'
import { effectOf, failUnlessStopped, STOPPED_SCHEMA } from './stopped.js'

export default defineCommand({
  name: 'stop',
  description: 'Stop runs: TERM to the whole tree, a grace, KILL to what is left.',
  danger_level: 'mutating',
  idempotent: true,
  required_scopes: [],
  flags: {
    run: {
      type: 'string',
      pattern: RUN_PATTERN,
      description: 'The run to stop, by id or unique prefix, as cleanup commands name it',
    },
    force: { type: 'boolean', description: 'KILL at once, also past an owner that does not answer' },
    'kill-after': KILL_AFTER,
  },
  positionals: [
    { name: 'runs', type: 'string', variadic: true, description: 'The runs to stop, by id or unique prefix' },
  ],
  exit_codes: {
    SUCCESS: { description: 'Nothing of the runs is alive', retryable: false, side_effects: 'complete' },
    PARTIAL_FAILURE: SURVIVORS,
    PRECONDITION: FOREIGN_RUN,
    NOT_FOUND: RUN_NOT_FOUND,
    TIMEOUT: OWNER_HUNG,
  },
  output_schema: {
    type: 'object',
    properties: {
      effect: { enum: ['updated', 'noop'] },
      stopped: { type: 'array', items: STOPPED_SCHEMA },
    },
    required: ['effect', 'stopped'],
  },
  timeout_seconds: 0,
  examples: [{ description: 'Stop one run', command: '{tool} stop 3f2a' }],
  validate({ run, runs, 'kill-after': kill_after }, ctx) {
    const faults = [
      ...killAfterFaults(kill_after),
      ...faultyRunNames(runs, 'runs', ctx),
      ...faultyRunNames(run === undefined ? [] : [run], 'run', ctx),
    ]
    if (runs.length === 0 && run === undefined)
      faults.push({
        param: 'runs',
        message: 'name the run to stop; `session stop` ends all runs of a session',
      })
    return faults
  },
  async execute(args, ctx) {
    const { root, run_ids } = namedRuns(ctx, [...args.runs, ...(args.run === undefined ? [] : [args.run])])
    const stopped = await stopAndRefresh(root, run_ids, {
      cause: 'user',
      grace_ms: graceOf(args['kill-after']),
      force: args.force,
    })
    const data = { effect: effectOf(stopped), stopped }
    failUnlessStopped(ctx, stopped, data)
    return data
  },
})

/** `stop-watcher`: ends watchers that `start-watcher` started, one by its run or all of a session. */
import { defineCommand } from '../../framework/author.js'

export default defineCommand({
  name: 'stop-watcher',
  description: 'Stop one watcher, or all watchers of a session.',
  danger_level: 'mutating',
  idempotent: true,
  required_scopes: [],
  flags: {
    run: {
      type: 'string',
      pattern: '^[0-9a-f]{4,12}$',
      description: 'The run of the watcher; all of the session where it is left out',
    },
  },
  exit_codes: {
    SUCCESS: { description: 'No such watcher is alive', retryable: false, side_effects: 'complete' },
    PARTIAL_FAILURE: {
      description: 'A watcher is still alive; the answer lists it',
      retryable: false,
      side_effects: 'partial',
      error_codes: ['SURVIVORS'],
    },
    PRECONDITION: {
      description: 'Nothing was named, or a watcher runs elsewhere, or its records cannot be used',
      retryable: false,
      side_effects: 'none',
      error_codes: ['SESSION_REQUIRED', 'FOREIGN_RUN', 'RECORDS_UNUSABLE', 'STATE_DIR_UNAVAILABLE'],
    },
    CONFLICT: {
      description: 'The prefix names several watchers',
      retryable: false,
      side_effects: 'none',
      error_codes: ['AMBIGUOUS_RUN'],
    },
    TIMEOUT: {
      description: 'The process that holds a watcher does not answer',
      retryable: false,
      side_effects: 'partial',
      error_codes: ['OWNER_HUNG'],
    },
  },
  output_schema: {
    type: 'object',
    properties: {
      effect: { enum: ['updated', 'noop'] },
      stopped: {
        type: 'array',
        items: {
          type: 'object',
          properties: { run_id: { type: 'string' }, outcome: { type: 'string' } },
          required: ['run_id', 'outcome'],
        },
      },
    },
    required: ['effect', 'stopped'],
  },
  examples: [
    { description: 'Stop all watchers of a session', command: 'chaperone stop-watcher --session ci-job-7' },
  ],
  async execute({ run }, ctx) {
    if (run === undefined && !ctx.session.given) {
      throw ctx.exit.PRECONDITION('name a watcher with --run or a session with --session', {
        code: 'SESSION_REQUIRED',
        fix_required: 'give --run or --session, as the answer of start-watcher names them',
      })
    }
    const watchers = await ctx.runs.live({
      command: 'start-watcher',
      ...(run === undefined ? {} : { run }),
      ...(ctx.session.given ? { session: ctx.session.id } : {}),
    })
    if (run !== undefined && watchers.length > 1) {
      throw ctx.exit.CONFLICT(`${run} names several watchers`, {
        code: 'AMBIGUOUS_RUN',
        context: { candidates: watchers.map(({ run_id }) => run_id) },
        fix_required: 'give more digits of the run',
      })
    }
    const stopped = await ctx.runs.stop(watchers.map(({ run_id }) => run_id))
    const data = {
      effect: stopped.length > 0 ? ('updated' as const) : ('noop' as const),
      stopped: [...stopped],
    }
    const of = (outcome: (typeof stopped)[number]['outcome']): string =>
      stopped
        .filter(result => result.outcome === outcome)
        .map(({ run_id }) => run_id)
        .join(', ')
    if (of('survivors') !== '') {
      throw ctx.exit.PARTIAL_FAILURE(`processes of ${of('survivors')} could not be ended`, {
        code: 'SURVIVORS',
        data,
        fix_required: 'end the processes in survivors with the rights that they need',
      })
    }
    if (of('owner_hung') !== '') {
      throw ctx.exit.TIMEOUT(`the owner of ${of('owner_hung')} does not answer`, {
        code: 'OWNER_HUNG',
        data,
        fix_required: 'stop it with stop --force, which goes past the owner',
      })
    }
    if (of('foreign') !== '') {
      throw ctx.exit.PRECONDITION(`${of('foreign')} belongs to another host or PID namespace`, {
        code: 'FOREIGN_RUN',
        data,
        fix_required: 'stop it where it runs',
      })
    }
    if (of('unknown') !== '') {
      throw ctx.exit.PRECONDITION(`the records of ${of('unknown')} cannot be used`, {
        code: 'RECORDS_UNUSABLE',
        data,
        fix_required: 'see in `damaged` of `show` what is wrong, put it right, and stop it again',
      })
    }
    return data
  },
})

/** `stop-watcher`: ends watchers that `start-watcher` started, one by its run or all of a session. */
import {
  type BaseContext,
  CommandExit,
  defineCommand,
  ExitCode,
  type ExitDetails,
  faultyRunNames,
  type RecordedRun,
  RUN_PATTERN,
} from '../../framework/author.js'

/** What `command` says in the record of a watcher. */
const STARTED_BY = 'start-watcher'

export default defineCommand({
  name: 'stop-watcher',
  description: 'Stop one watcher, or all watchers of a session.',
  danger_level: 'mutating',
  idempotent: true,
  required_scopes: [],
  flags: {
    run: {
      type: 'string',
      pattern: RUN_PATTERN,
      description: 'The run of the watcher, by id or unique prefix; all of the session where it is left out',
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
      description:
        'No watcher was named, or it is of another session or runs elsewhere, or its records cannot be used',
      retryable: false,
      side_effects: 'none',
      error_codes: [
        'SESSION_REQUIRED',
        'NOT_A_WATCHER',
        'OTHER_SESSION',
        'FOREIGN_RUN',
        'RECORDS_UNUSABLE',
        'STATE_DIR_UNAVAILABLE',
      ],
    },
    NOT_FOUND: {
      description: 'No run has this id',
      retryable: false,
      side_effects: 'none',
      error_codes: ['RUN_NOT_FOUND'],
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
  validate: ({ run }, ctx) => (run === undefined ? [] : faultyRunNames([run], 'run', ctx)),
  async execute({ run }, ctx) {
    if (run === undefined && !ctx.session.given) {
      throw ctx.exit.PRECONDITION('name a watcher with --run or a session with --session', {
        code: 'SESSION_REQUIRED',
        fix_required: 'give --run or --session, as the answer of start-watcher names them',
      })
    }
    const watchers =
      run === undefined
        ? await ctx.runs.live({ command: STARTED_BY, session: ctx.session.id })
        : [await watcherNamed(run, ctx)]
    const stopped = await ctx.runs.stop(watchers.map(({ run_id }) => run_id))
    const was_there = stopped.some(({ outcome }) => outcome === 'stopped' || outcome === 'survivors')
    const data = {
      effect: was_there ? ('updated' as const) : ('noop' as const),
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

/**
 * The watcher, live or ended, that a run's id names.
 * @throws CommandExit `RUN_NOT_FOUND` (exit 5); exit 4 for what is no watcher, or is not of the session that was given
 */
async function watcherNamed(run: string, ctx: BaseContext): Promise<RecordedRun> {
  const found = await ctx.runs.find(run)
  const { run_id, session_id, command } = found
  if (command === null)
    throw refused('RECORDS_UNUSABLE', `the records of ${run_id} do not tell whether it is a watcher`, {
      context: { run_id },
      fix_required: 'see in `damaged` of `show` what is wrong',
      fix_command: `chaperone show ${run_id}`,
    })
  if (command !== STARTED_BY)
    throw refused('NOT_A_WATCHER', `run ${run_id} is no watcher: ${command} started it`, {
      context: { run_id, command },
      fix_required: 'stop it with stop, which ends any run',
      fix_command: `chaperone stop ${run_id}`,
    })
  // A session of the environment is where the call comes from; one that is given says which watcher is meant.
  if (ctx.given.has('session') && session_id !== ctx.session.id)
    throw refused(
      'OTHER_SESSION',
      `watcher ${run_id} is of session ${session_id}, not of ${ctx.session.id}`,
      {
        context: { run_id, session_id },
        fix_required: 'give the session of the watcher, or its run alone',
        fix_command: `chaperone stop-watcher --run ${run_id}`,
      },
    )
  return found
}

const refused = (code: string, message: string, details: ExitDetails): CommandExit =>
  new CommandExit('PRECONDITION', ExitCode.PRECONDITION, message, { ...details, code })

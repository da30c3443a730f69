/** `wait`: answers once runs have ended, with how each of them did. Reads only. */
import { defineCommand } from '../../framework/author.js'
import type { BaseContext } from '../../framework/invocation/context.js'
import { FrameworkExit } from '../../framework/invocation/framework-exit.js'
import { internalsOf, recordedState } from '../../framework/invocation/internals.js'
import { faultyRunNames } from '../../framework/invocation/run-names.js'
import { spelled } from '../../framework/invocation/spelled-command.js'
import { answerAtTimeout } from '../../framework/invocation/timeout-answer.js'
import { EndWatch } from '../../framework/runs/end-watch.js'
import { allRunIds } from '../../framework/runs/find.js'
import { readIntent } from '../../framework/runs/records.js'
import { isNameAlone, viewRun } from '../../framework/runs/status.js'
import { type InVain, waitForRuns } from '../../framework/runs/wait-for-runs.js'
import type { StateRoot } from '../../framework/store/state-root.js'
import { namedRuns } from './named-run.js'
import { WAITED_SCHEMA, waitedRun } from './waited-run.js'

export default defineCommand({
  name: 'wait',
  description: 'Wait until runs have ended, and answer with how they did.',
  danger_level: 'safe',
  required_scopes: [],
  flags: {},
  positionals: [
    {
      name: 'runs',
      type: 'string',
      variadic: true,
      description: 'The runs, by id or unique prefix; all of the session given where none is named',
    },
  ],
  exit_codes: {
    SUCCESS: { description: 'The runs have ended, however they did', retryable: false, side_effects: 'none' },
    PRECONDITION: {
      description: 'The end of a run would never be recorded, or never be known',
      retryable: false,
      side_effects: 'none',
      error_codes: ['OWNER_LOST', 'RECORDS_UNUSABLE', 'WAITS_FOR_ITSELF', 'STATE_DIR_UNAVAILABLE'],
    },
    NOT_FOUND: {
      description: 'No run has this id, or none was ever recorded in this session',
      retryable: false,
      side_effects: 'none',
      error_codes: ['RUN_NOT_FOUND', 'SESSION_NOT_FOUND'],
    },
    TIMEOUT: {
      description: 'A run goes on after the --timeout of the call',
      retryable: true,
      side_effects: 'none',
      error_codes: ['WAIT_TIMEOUT'],
    },
  },
  output_schema: {
    type: 'object',
    properties: { runs: { type: 'array', items: WAITED_SCHEMA } },
    required: ['runs'],
  },
  timeout_seconds: 0,
  examples: [
    { description: 'Wait for a run, at most ten minutes', command: '{tool} wait 3f2a --timeout 10m' },
    { description: 'Wait for all runs of a session', command: '{tool} wait --session ci-job-7' },
  ],
  validate: ({ runs }, ctx) => faultyRunNames(runs, 'runs', ctx),
  async execute({ runs }, ctx) {
    const { root, chosen } = runs.length > 0 ? named(ctx, runs) : ofSession(ctx)
    const answer = () => ({ runs: chosen().map(run_id => waitedRun(viewRun(root, run_id))) })
    answerAtTimeout(ctx, timeout_ms => {
      const waiting_for = chosen().filter(run_id => new EndWatch(root, run_id).look() !== 'over')
      return ctx.exit.TIMEOUT(`${counted(waiting_for)} not ended after ${timeout_ms} ms, and go on`, {
        code: 'WAIT_TIMEOUT',
        context: { timeout_ms, waiting_for },
        fix_required: 'wait again, longer, or stop what should have ended',
        data: { partial: true, ...answer() },
      })
    })
    const waited = new Set<string>()
    let in_vain: InVain = { lost: [], untold: [] }
    // A run that was started in the session meanwhile is waited for, too.
    for (let now = chosen(); now.some(run_id => !waited.has(run_id)); now = chosen()) {
      in_vain = await waitForRuns(root, now, ctx.signal)
      for (const run_id of now) waited.add(run_id)
    }
    const { lost, untold } = in_vain
    const { facts } = internalsOf(ctx)
    if (lost.length > 0)
      throw ctx.exit.PRECONDITION(`nobody holds ${lost.join(', ')} any more: no end will be recorded`, {
        code: 'OWNER_LOST',
        context: { lost },
        fix_required: `end what is left of it: ${spelled(facts, `${facts.tool.name} stop ${lost.join(' ')}`)}`,
        data: answer(),
      })
    if (untold.length === 0) return answer()
    const message = `the records of ${untold.join(', ')} cannot be used: whether it has ended is not known`
    const shown = untold.find(run_id => !isNameAlone(root, viewRun(root, run_id)))
    throw ctx.exit.PRECONDITION(message, {
      code: 'RECORDS_UNUSABLE',
      context: { run_ids: untold },
      ...(shown === undefined
        ? {
            fix_required: 'put its records back, and wait again; without them end by hand what is left of it',
          }
        : {
            fix_required: 'see in `damaged` of `show` what is wrong, put it right, and wait again',
            fix_command: `${facts.tool.name} show ${shown}`,
          }),
      data: answer(),
    })
  },
})

interface Chosen {
  readonly root: StateRoot
  /** The ids, as of now. */
  chosen(): readonly string[]
}

function named(ctx: BaseContext, names: readonly string[]): Chosen {
  const { root, run_ids } = namedRuns(ctx, names)
  const inside = runsAround(ctx, root)
  const own = run_ids.find(run_id => inside.has(run_id))
  if (own === undefined) return { root, chosen: () => run_ids }
  throw new FrameworkExit('PRECONDITION', 'WAITS_FOR_ITSELF', `this call is a part of run ${own}`, {
    context: { run_id: own },
    fix_required: 'wait from outside the run: it cannot end before this call does',
  })
}

function ofSession(ctx: BaseContext): Chosen {
  const { id, given } = ctx.session
  if (!given)
    throw new FrameworkExit('ARG_ERROR', 'ARG_ERROR', 'name the runs to wait for, or their --session', {
      fix_required: 'give run ids, as `ps` shows them, or --session',
    })
  const root = recordedState(ctx)
  const inside = root ? runsAround(ctx, root) : new Set()
  if (!root || !allRunIds(root).some(run_id => sessionOf(root, run_id) === id))
    throw new FrameworkExit('NOT_FOUND', 'SESSION_NOT_FOUND', `no run was ever recorded in session ${id}`, {
      context: { session_id: id },
      fix_required: 'name a session that `session list` or `ps --all` shows',
    })
  const chosen = () => allRunIds(root).filter(run_id => !inside.has(run_id) && sessionOf(root, run_id) === id)
  return { root, chosen }
}

const sessionOf = (root: StateRoot, run_id: string): string | null => {
  const intent = readIntent(root, run_id)
  return intent.state === 'ok' ? intent.record.session_id : null
}

/** The runs that this call is a part of: none of them ends before it does. */
function runsAround(ctx: BaseContext, root: StateRoot): ReadonlySet<string> {
  const around = new Set<string>()
  let run_id = ctx.env[`${internalsOf(ctx).facts.tool.prefix}RUN_ID`] ?? null
  while (run_id !== null && /^[0-9a-f]{12}$/.test(run_id) && !around.has(run_id)) {
    around.add(run_id)
    const intent = readIntent(root, run_id)
    // A background run is no part of the run inside which it was started: it has an owner of its own.
    run_id = intent.state === 'ok' && intent.record.kind !== 'background' ? intent.record.parent_run_id : null
  }
  return around
}

const counted = (run_ids: readonly string[]): string =>
  run_ids.length === 1 ? `run ${run_ids[0]} has` : `${run_ids.length} runs have`

/** Phases 6 to 8 of a call: open, execute, tear down. Whatever the handler does, everything it acquired is given back. */
import type { WarningDetail } from '../../schemas/generated/types.js'
import type { CommandContract } from '../contract/declaration.js'
import type { RowForPeople } from '../output/layout.js'
import { AbortOnDemand } from '../process/abort-on-demand.js'
import { existingPidFile } from '../runs/pid-file-path.js'
import type { BackgroundCapability } from './background-capability.js'
import { callEnding } from './call-ending.js'
import type { CallFacts } from './call-facts.js'
import { CallScope } from './call-scope.js'
import { CleanupHooks } from './cleanup-hooks.js'
import type { Command } from './command.js'
import type { BaseContext } from './context.js'
import type { ForegroundCapability } from './foreground-capability.js'
import { FrameworkExit } from './framework-exit.js'
import { handle } from './handle.js'
import { type Fault, HandlerFaults } from './handler-faults.js'
import type { HeldResources } from './held-resources.js'
import { attachInternals, type Internals } from './internals.js'
import { type Cut, cutOutcome, type Interruption } from './interruption.js'
import { makeContext, type Progress } from './make-context.js'
import { OnDemand } from './on-demand.js'
import { failure, type Outcome } from './outcome.js'
import { attachStdout, type OwnedStdout } from './owned-stdout.js'
import type { Verbosity } from './settings.js'
import type { DescribedCommand } from './source.js'
import type { StderrAnswer } from './stderr-answer.js'
import { tearDown } from './teardown.js'
import { TempDir } from './temp-dir.js'
import { withoutTrace } from './thrown.js'
import { timeoutAnswer } from './timeout-answer.js'
import type { TrackedChildren } from './tracked-children.js'
import { UndeclaredChildren } from './undeclared-children.js'

export interface Execution {
  readonly facts: CallFacts
  readonly described: DescribedCommand
  readonly command: Command
  readonly args: Readonly<Record<string, unknown>>
  /** Names of the flags and positionals that the command line gives, global ones included. */
  readonly given: ReadonlySet<string>
  readonly interruption: Interruption
  readonly verbosity: Verbosity
  /** Stdout, for a built-in command that streams; left out where the call answers only to another one. */
  readonly stdout?: OwnedStdout
  /** Where the answer goes of a command whose stdout is a program's. */
  readonly stderr_answer?: StderrAnswer | null
  readonly internals: Omit<Internals, 'facts' | 'meta' | 'forPeople' | 'prewritten' | 'call'>
  /**
   * Executes another command line within this call.
   * @param answered resolves when this call has been answered
   */
  call(argv: readonly string[], answered: Promise<void>): Promise<Outcome>
  /** Fails a call that left an undeclared process behind: what authors' tests want. */
  readonly strict: boolean
  /**
   * The process is there for this call alone, so that everything which starts or breaks in it is the call's doing,
   * even where its asynchronous context was lost. False where left out: a process may embed many calls.
   */
  readonly whole_process?: boolean
}

/** An outcome, and what remains to be done once the caller has (or has not) been answered. */
export interface Executed {
  readonly outcome: Outcome
  /** The caller was answered. */
  confirm(): Promise<void>
  /** The caller could not be answered. */
  withdraw(): Promise<void>
}

export async function execute(execution: Execution): Promise<Executed> {
  const { facts, described, interruption, command, args } = execution
  const { contract } = described
  const scope = new CallScope(execution.whole_process === true)
  const faults = new HandlerFaults(scope)
  const stop = new AbortOnDemand()
  const over = new AbortOnDemand()
  const inner = new Set<Promise<Outcome>>()
  let release_inner = () => {}
  const answered = new Promise<void>(resolve => {
    release_inner = resolve
  })
  const hooks = new CleanupHooks()
  const held = {
    scope,
    inner,
    tracked: new OnDemand<TrackedChildren>(async () => {
      const module = await import('./tracked-children.js')
      const children = new module.TrackedChildren(facts)
      interruption.forced.signal.addEventListener('abort', () => children.force(), { signal: over.signal })
      return children
    }),
    background: new OnDemand<BackgroundCapability>(async () => {
      const module = await import('./background-capability.js')
      return new module.BackgroundCapability(facts, contract, stop.signal)
    }),
    foreground: new OnDemand<ForegroundCapability>(async () => {
      const module = await import('./foreground-capability.js')
      const { stderr_answer = null, whole_process = false } = execution
      const call = { facts, interruption, answer: stderr_answer, whole_process }
      const capability = new module.ForegroundCapability(call)
      const { signal } = over
      interruption.forced.signal.addEventListener('abort', () => void capability.force(), { signal })
      return capability
    }),
    undeclared: new UndeclaredChildren(scope, `${facts.tool.prefix}RUN_ID`),
    hooks,
    resources: new OnDemand<HeldResources>(async () => {
      const module = await import('./held-resources.js')
      return new module.HeldResources(hooks, interruption.forced.signal)
    }),
    temp: new TempDir(facts.tool.name, facts.request_id),
  }
  const { tracked, background, foreground, undeclared, temp } = held
  const warnings: WarningDetail[] = []
  const meta: Record<string, unknown> = {}
  let progress: Progress | null = null
  const shown: { for_people?: RowForPeople; data_json?: string } = {}
  const ctx = makeContext({
    ...held,
    facts,
    contract,
    args,
    given: execution.given,
    stop,
    verbosity: execution.verbosity,
    warnings,
    report_progress: latest => {
      progress = latest
    },
  })
  attachInternals(ctx, {
    ...execution.internals,
    facts,
    meta: members => Object.assign(meta, members),
    forPeople: row => {
      shown.for_people = row
    },
    prewritten: data_json => {
      shown.data_json = data_json
    },
    async call(argv) {
      // Cut short, this call waits for those within it that are under way, and begins no more.
      if (stop.aborted) return failure(callEnding(), 'execution')
      const call = execution.call(argv, answered)
      inner.add(call)
      return call
    },
  })
  if (execution.stdout) attachStdout(ctx, execution.stdout)
  undeclared.watch()
  faults.watch()

  const handled = scope.run(() => handle({ described, command, args, background, foreground }, ctx))
  const end = await Promise.race([handled, interruption.happened, faults.happened])
  faults.over()
  // Cut short or broken, it may be at work still.
  if (!('exit_code' in end)) stop.abort()
  const outcome = outcomeOf(end, contract, progress, ctx)
  const { stray, failures } = await tearDown(held, {
    is_cut: 'kind' in end,
    cause: 'kind' in end && end.kind === 'signal' ? 'parent_signal' : 'cleanup',
    withdraw: outcome.exit_code !== 0,
    forced: interruption.forced,
  })
  over.abort()
  const handler_outcome = afterTeardown(outcome, execution, stray, progress)
  const cut = 'kind' in end ? end : interruption.cut?.kind === 'signal' ? interruption.cut : null
  const final = foreground.loaded?.answer(handler_outcome, cut) ?? handler_outcome
  if (final.exit_code !== 0) await (await background.close())?.withdraw()
  const late = interruption.cut ? [] : faults.late.map(unhandled)
  const has_runs =
    foreground.loaded?.was_listed === true ||
    tracked.loaded?.started_any === true ||
    background.loaded?.fields() != null
  const pid_file = has_runs ? existingPidFile(facts.state(), facts.session_id) : null
  const release = () => {
    undeclared.release()
    faults.release()
    release_inner()
  }
  return {
    outcome: {
      ...final,
      ...shown,
      warnings: [...warnings, ...final.warnings, ...stray, ...failures, ...late],
      meta: {
        ...meta,
        ...final.meta,
        ...(pid_file === null ? {} : { session_pid_file: pid_file }),
        ...(temp.path === null ? {} : { session_tmp_dir: temp.path }),
      },
    },
    confirm: () => finishing(background.loaded?.confirm(), release),
    withdraw: () => finishing(background.loaded?.withdraw(), release),
  }
}

const finishing = (work: Promise<void> | undefined, release: () => void): Promise<void> =>
  Promise.resolve(work).finally(release)

function outcomeOf(
  end: Outcome | Cut | Fault,
  contract: CommandContract,
  progress: Progress | null,
  ctx: BaseContext,
): Outcome {
  if ('exit_code' in end) return end
  if ('thrown' in end) return failure(end.thrown, 'execution', contract.exit_codes)
  const own = end.kind === 'timeout' ? timeoutAnswer(ctx, end.timeout_ms) : null
  return own ? failure(own, 'execution', contract.exit_codes) : cutOutcome(end, progress)
}

/** What the teardown brought to light can turn success into failure. */
function afterTeardown(
  outcome: Outcome,
  { interruption: { cut }, strict }: Execution,
  [stray]: readonly WarningDetail[],
  progress: Progress | null,
): Outcome {
  // The time limit is over with the handler's end; a signal is not, and is answered whatever the handler returned.
  if (cut?.kind === 'signal') return cutOutcome(cut, progress)
  if (!strict || !stray || outcome.exit_code !== 0) return outcome
  return failure(new FrameworkExit('GENERAL_ERROR', stray.code, stray.message), 'execution')
}

const unhandled = (thrown: unknown): WarningDetail => ({
  code: 'UNHANDLED_ERROR',
  message: `the command had ended when something of it failed: ${withoutTrace(thrown)}`,
})

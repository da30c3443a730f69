/** Phases 6 to 8 of a call: open, execute, tear down. Whatever the handler does, everything it acquired is given back. */
import type { WarningDetail } from '../../schemas/generated/types.js'
import { existingPidFile } from '../runs/pid-file.js'
import { BackgroundCapability } from './background-capability.js'
import type { CallFacts } from './call-facts.js'
import { CleanupHooks } from './cleanup-hooks.js'
import type { Command } from './command.js'
import { checkEffect } from './effect.js'
import { FrameworkExit } from './framework-exit.js'
import { attachInternals, type Internals } from './internals.js'
import { type Cut, cutOutcome, type Interruption } from './interruption.js'
import { makeContext, type Progress } from './make-context.js'
import { TRACKED_GRACE_MS } from './new-intent.js'
import { type Data, failure, type Outcome, success } from './outcome.js'
import type { Verbosity } from './settings.js'
import type { DescribedCommand } from './source.js'
import { TempDir } from './temp-dir.js'
import { TrackedChildren } from './tracked-children.js'
import { UndeclaredChildren } from './undeclared-children.js'

export interface Execution {
  readonly facts: CallFacts
  readonly described: DescribedCommand
  readonly command: Command
  readonly args: Readonly<Record<string, unknown>>
  readonly interruption: Interruption
  readonly verbosity: Verbosity
  readonly internals: Omit<Internals, 'facts' | 'meta'>
  /** Fails a call that left an undeclared process behind: what authors' tests want. */
  readonly strict: boolean
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
  const { facts, described, interruption } = execution
  const hooks = new CleanupHooks()
  const temp = new TempDir(facts.tool.name, facts.request_id)
  const tracked = new TrackedChildren(facts)
  const background = new BackgroundCapability(facts, described.contract, interruption.signal)
  const undeclared = new UndeclaredChildren()
  const warnings: WarningDetail[] = []
  const meta: Record<string, unknown> = {}
  let progress: Progress | null = null
  const ctx = makeContext({
    facts,
    contract: described.contract,
    args: execution.args,
    signal: interruption.signal,
    verbosity: execution.verbosity,
    hooks,
    temp,
    tracked,
    background,
    warnings,
    report_progress: latest => {
      progress = latest
    },
  })
  attachInternals(ctx, { ...execution.internals, facts, meta: members => Object.assign(meta, members) })
  undeclared.watch()
  interruption.forced.addEventListener('abort', () => tracked.force())

  const handled = handle(execution, ctx, background)
  const first = await Promise.race([handled, interruption.happened])
  const cut = interruption.cut
  let outcome = 'exit_code' in first ? first : cutOutcome(first, progress)

  // Children first: they may hold what the hooks want to release (contract A-05).
  if (tracked.started_any) await tracked.end(causeOf(cut), TRACKED_GRACE_MS)
  if (outcome.exit_code !== 0) await background.withdraw()
  const stray = await undeclared.end()
  const hook_failures = await hooks.run()
  const temp_path = temp.path
  temp.remove()
  // A signal during the teardown: whatever the handler returned, the call was cancelled.
  if (!cut && interruption.cut) {
    await background.withdraw()
    outcome = cutOutcome(interruption.cut, progress)
  }
  if (execution.strict && stray[0] && outcome.exit_code === 0)
    outcome = failure(new FrameworkExit('GENERAL_ERROR', stray[0].code, stray[0].message), 'execution')
  const pid_file =
    tracked.started_any || background.fields() ? existingPidFile(facts.state(), facts.session_id) : null
  return {
    outcome: {
      ...outcome,
      warnings: [
        ...warnings,
        ...outcome.warnings,
        ...stray,
        ...hook_failures.map(({ message }) => ({ code: 'CLEANUP_FAILED', message })),
      ],
      meta: {
        ...meta,
        ...outcome.meta,
        ...(pid_file === null ? {} : { session_pid_file: pid_file }),
        ...(temp_path === null ? {} : { session_tmp_dir: temp_path }),
      },
    },
    confirm: () => background.confirm(),
    withdraw: () => background.withdraw(),
  }
}

const causeOf = (cut: Cut | null) => (cut?.kind === 'signal' ? 'parent_signal' : 'cleanup')

/** Runs the handler and holds its data to the contract; never rejects. */
async function handle(
  { described, command, args, facts }: Execution,
  ctx: ReturnType<typeof makeContext>,
  background: BackgroundCapability,
): Promise<Outcome> {
  const { contract } = described
  try {
    const data = await command.execute(args, ctx)
    const problems = isData(data) ? await described.check_output(data) : ['it must be an object or an array']
    if (!isData(data) || problems.length > 0) {
      return failure(
        new FrameworkExit(
          'GENERAL_ERROR',
          'OUTPUT_INVALID',
          `${contract.name} answered with what its output schema does not allow`,
          {
            context: { problems: [...problems] },
            fix_required: `make ${contract.name} return what its output_schema declares, or declare what it returns`,
          },
        ),
        'execution',
      )
    }
    const missing = checkEffect(contract, args['dry-run'] === true, data)
    if (missing) return failure(missing, 'execution')
    if (contract.spawns_background_process !== true) return success(data)
    const fields = background.fields()
    if (!fields) return failure(notStarted(contract.name), 'execution')
    return success({ ...data, ...fields })
  } catch (error) {
    if (error instanceof Error && facts.io.env[`${facts.tool.prefix}DEBUG`])
      facts.io.write_stderr(`${error.stack}\n`)
    return failure(error, 'execution', contract.exit_codes)
  }
}

const isData = (data: unknown): data is Data => typeof data === 'object' && data !== null

const notStarted = (name: string): FrameworkExit =>
  new FrameworkExit(
    'GENERAL_ERROR',
    'BACKGROUND_NOT_STARTED',
    `${name} declares a background process and started none`,
    {
      fix_required: 'call ctx.background.spawn(…) once, or ctx.background.existing(…), before returning',
    },
  )

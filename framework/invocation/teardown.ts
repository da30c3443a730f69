/**
 * The end of a call: what it holds is given back in the order that the parts need, and no step that fails keeps
 * another from its turn.
 */
import type { WarningDetail } from '../../schemas/generated/types.js'
import type { AbortOnDemand } from '../process/abort-on-demand.js'
import type { StopCause } from '../runs/records.js'
import type { BackgroundCapability } from './background-capability.js'
import type { CallScope } from './call-scope.js'
import type { CleanupHooks } from './cleanup-hooks.js'
import type { ForegroundCapability } from './foreground-capability.js'
import { TRACKED_GRACE_MS } from './grace.js'
import type { HeldResources } from './held-resources.js'
import type { OnDemand } from './on-demand.js'
import type { TempDir } from './temp-dir.js'
import { withoutTrace } from './thrown.js'
import type { TrackedChildren } from './tracked-children.js'
import type { UndeclaredChildren } from './undeclared-children.js'

/** What a call holds. */
export interface Held {
  readonly scope: CallScope
  /** Calls within this one, which hold things of their own. */
  readonly inner: ReadonlySet<Promise<unknown>>
  readonly tracked: OnDemand<TrackedChildren>
  readonly background: OnDemand<BackgroundCapability>
  readonly foreground: OnDemand<ForegroundCapability>
  readonly undeclared: UndeclaredChildren
  readonly hooks: CleanupHooks
  /** What is in it gives itself back as a cleanup hook. */
  readonly resources: OnDemand<HeldResources>
  readonly temp: TempDir
}

export interface Ending {
  /** By a signal or the time limit, which cut the calls within this one short, too. */
  readonly is_cut: boolean
  /** Why the tracked children are ended. */
  readonly cause: StopCause
  /** The caller will not learn the pid of a background process that was started, so that ends as well. */
  readonly withdraw: boolean
  /** KILL instead of waiting. */
  readonly forced: AbortOnDemand
}

export interface TornDown {
  /** One for each process that was started behind the framework's back and found alive. */
  readonly stray: readonly WarningDetail[]
  /** What could not be given back, and what lives on of tracked children. */
  readonly failures: readonly WarningDetail[]
}

/** Never rejects. */
export async function tearDown(held: Held, { is_cut, cause, withdraw, forced }: Ending): Promise<TornDown> {
  const { scope, inner, tracked, background, foreground, undeclared, hooks, resources, temp } = held
  const stray: WarningDetail[] = []
  const failures: WarningDetail[] = []
  const step = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      failures.push(failed(withoutTrace(error)))
    }
  }
  const endUndeclared = (but_held: boolean) =>
    step(async () => {
      stray.push(...(await undeclared.end(forced, { but_held })))
    })

  // Processes first, all at once: they may hold what the hooks want to release (contract A-05).
  await Promise.all([
    step(async () => {
      const children = await tracked.close()
      if (children) failures.push(...(await children.end(cause, TRACKED_GRACE_MS)))
    }),
    step(async () => (await foreground.close())?.end(cause, TRACKED_GRACE_MS)),
    step(async () => {
      if (withdraw) await (await background.close())?.withdraw()
    }),
    endUndeclared(true),
    step(async () => (await resources.close())?.close()),
    ...(is_cut ? inner : []),
  ])
  await step(async () => {
    for (const { message } of await scope.run(() => hooks.run())) failures.push(failed(message))
  })
  // What hooks started, what a held resource left behind, or a handler that goes on although it was told to stop.
  undeclared.close()
  await endUndeclared(false)
  await step(async () => {
    const left = await temp.remove(!is_cut)
    if (left !== null) failures.push(failed(left))
  })
  return { stray, failures }
}

const failed = (message: string): WarningDetail => ({ code: 'CLEANUP_FAILED', message })

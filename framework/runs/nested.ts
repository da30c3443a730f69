/**
 * Runs that were started inside a run, however deep. Each has an owner of its own, so the outer one never signals their
 * processes: it asks their owners, and waits. Those between may have ended long ago, so all are asked by the outermost.
 */
import { readdirSync } from 'node:fs'
import type { Abortable } from '../process/abort-on-demand.js'
import { monotonicMs, pause } from '../process/clock.js'
import { errnoOf } from '../process/errno.js'
import { sameProcess, self } from '../process/identity.js'
import { look } from '../process/liveness.js'
import { withSpareDescriptor } from '../process/proc-file.js'
import { signalProcess } from '../process/signal.js'
import { isSymlink } from '../store/private-directory.js'
import type { StateRoot } from '../store/state-root.js'
import { liveRunIds } from './find.js'
import { nestedDirectory } from './intent.js'
import { runsAround } from './other-runs.js'
import {
  hasEnded,
  publishStop,
  type RunEnd,
  type RunOwner,
  readEnd,
  readIntent,
  readMain,
  readOwner,
  readStop,
} from './records.js'

/** How long beyond the grace the owners may take: less than who stops the outer run waits for its owner, in ms. */
const SLACK_MS = 1_500
const POLL_MS = 20

interface Ending {
  /** TERM to KILL, in ms. */
  readonly grace_ms: number
  /** KILL at once, now or when it fires. */
  readonly force: Abortable
}

/** What of the nested runs is alive all the same, as an end record names it. */
type Survivors = RunEnd['survivors']

/**
 * Ending the runs inside a run: asks the owners of all that live to end them, with cause `parent_run`, and waits for
 * them, at the longest the grace and a little more. One whose owner and guard are dead is ended by us. Never throws nor
 * rejects: what cannot be read of a nested run keeps no outer one.
 */
export class NestedEnding {
  readonly #root: StateRoot
  readonly #run_id: string
  readonly #force: Abortable
  readonly #kill_at: number
  readonly #asked = new Set<string>()
  readonly #first: Promise<boolean>

  /** Asks. */
  constructor(root: StateRoot, run_id: string, { grace_ms, force }: Ending) {
    this.#root = root
    this.#run_id = run_id
    this.#force = force
    this.#kill_at = monotonicMs() + grace_ms
    this.#first = this.#endNew()
  }

  /**
   * To be called when nothing is left of the outer run itself, which may have started another one in its grace.
   * @returns what is still alive: what their ends name, and all that is found of those that nobody ended
   */
  async survivors(): Promise<Survivors> {
    await this.#first
    while (await this.#endNew());
    const survivors = await Promise.all([...this.#asked].map(nested => survivorsOf(this.#root, nested)))
    return eachOnce(survivors.flat())
  }

  /** @returns whether there was any that had not been asked, and had not ended */
  async #endNew(): Promise<boolean> {
    const root = this.#root
    const force = this.#force
    const grace_ms = Math.max(0, Math.ceil(this.#kill_at - monotonicMs()))
    const asked = nestedIn(root, this.#run_id)
      .map(({ run_id }) => run_id)
      .filter(nested => !this.#asked.has(nested) && ask(root, nested, grace_ms, 'stop'))
    if (asked.length === 0) return false
    for (const nested of asked) this.#asked.add(nested)
    let since = monotonicMs()
    const hurry = (): void => {
      since = monotonicMs()
      for (const nested of asked) ask(root, nested, grace_ms, 'force')
    }
    if (force.aborted) hurry()
    force.addEventListener('abort', hurry)
    const isLate = (): boolean => monotonicMs() - since >= (force.aborted ? 0 : grace_ms) + SLACK_MS
    await Promise.all(asked.map(nested => awaitEnd(root, nested, { grace_ms, force }, isLate)))
    force.removeEventListener('abort', hurry)
    return true
  }
}

/** A run names what lives on in those inside it, too. */
const eachOnce = (survivors: Survivors): Survivors =>
  survivors.filter(
    ({ identity }, index) => survivors.findIndex(one => sameProcess(one.identity, identity)) === index,
  )

async function awaitEnd(
  root: StateRoot,
  run_id: string,
  options: Ending,
  isLate: () => boolean,
): Promise<void> {
  let is_over = false
  let ending: Promise<void> | null = null
  while (!is_over && !isLate()) {
    if (isOver(root, run_id)) return
    if (!ending && quietly(() => isHeld(root, run_id)) === false) {
      ending = endHeldByNobody(root, run_id, options)
      void ending.then(() => {
        is_over = true
      })
    }
    await pause(POLL_MS)
  }
}

/** Never rejects: what could not be ended is named as a survivor. */
async function endHeldByNobody(root: StateRoot, run_id: string, options: Ending): Promise<void> {
  try {
    // Few runs have a lost one inside them; the others load nothing for it.
    const { endNestedLost } = await import('./end-nested-lost.js')
    await endNestedLost(root, run_id, options)
  } catch {
    // The host could not be asked, or the package is gone.
  }
}

/** A run inside another, as a report of the outer one names it. */
export interface NestedRun {
  readonly run_id: string
  readonly main: Survivors[number]
}

/** The runs inside a run whose main processes live, but for those inside another one that goes on: they are that one's. */
export const nestedRuns = (root: StateRoot, run_id: string): NestedRun[] =>
  nestedIn(root, run_id)
    .filter(({ between }) => between.every(id => isOver(root, id)))
    .flatMap(nested =>
      (quietly(() => aliveOf(root, nested.run_id)) ?? []).map(main => ({ run_id: nested.run_id, main })),
    )

/**
 * Where no request can be written (a full disk), TERM is the one that needs no space.
 * @returns false where the run has ended already
 */
function ask(root: StateRoot, run_id: string, grace_ms: number, which: 'stop' | 'force'): boolean {
  if (isOver(root, run_id)) return false
  const asked = quietly(() => publishStop(root, which, { run_id, cause: 'parent_run', grace_ms }))
  quietly(() => {
    const owner = ownerOf(root, run_id)?.owner
    if (owner) signalProcess(owner, asked === null ? 'SIGTERM' : 'SIGUSR2')
  })
  return true
}

/** Where that cannot be read it is taken to go on. */
const isOver = (root: StateRoot, run_id: string): boolean => quietly(() => hasEnded(root, run_id)) ?? false

/** Whether somebody lives who ends it: its owner, its guard, or whoever found it lost and asked for its end before us. */
function isHeld(root: StateRoot, run_id: string): boolean {
  const owner = ownerOf(root, run_id)
  const stop = readStop(root, run_id, 'stop')
  const asker = stop.state === 'ok' && !sameProcess(stop.record.asker, self()) ? stop.record.asker : null
  return [owner?.owner, owner?.guard, asker].some(holder => holder && look(holder) === 'alive')
}

/** Never rejects. */
async function survivorsOf(root: StateRoot, run_id: string): Promise<Survivors> {
  const end = quietly(() => readEnd(root, run_id))
  // What cannot be looked at is not known to have gone.
  if (end?.state === 'ok')
    return end.record.survivors.filter(
      ({ identity }) => (quietly(() => look(identity)) ?? 'alive') === 'alive',
    )
  try {
    // Its owner hangs, as few do; the others load nothing for it. Its main process may have gone before the rest.
    const { describeAlive } = await import('./processes.js')
    return describeAlive(root, run_id)
  } catch {
    return quietly(() => aliveOf(root, run_id)) ?? []
  }
}

function aliveOf(root: StateRoot, run_id: string): Survivors {
  if (hasEnded(root, run_id)) return []
  const main = readMain(root, run_id)
  if (main.state !== 'ok' || look(main.record.main) !== 'alive') return []
  const intent = readIntent(root, run_id)
  const cmd = intent.state === 'ok' ? intent.record.argv.join(' ') : ''
  return [{ identity: main.record.main, ppid: 0, cmd }]
}

function ownerOf(root: StateRoot, run_id: string): RunOwner | null {
  const owner = readOwner(root, run_id)
  return owner.state === 'ok' ? owner.record : null
}

/** A run inside another one, and the runs between the two, from the inside. */
interface Inside {
  readonly run_id: string
  readonly between: readonly string[]
}

/**
 * The runs inside, of those that may be alive. Where none has left its name in our directory there are none, and
 * nothing is read of others; else their intents tell.
 */
const nestedIn = (root: StateRoot, run_id: string): Inside[] =>
  quietly(() => {
    const names = namesIn(nestedDirectory(root, run_id))
    if (names?.size === 0) return []
    return liveRunIds(root).flatMap(id => {
      // By forged records a run may be around itself.
      const between = id === run_id ? null : quietly(() => runsBetween(root, id, run_id, names))
      return between ? [{ run_id: id, between }] : []
    })
  }) ?? []

/** @returns null where the run is not inside the outer one */
function runsBetween(
  root: StateRoot,
  run_id: string,
  outer: string,
  names: ReadonlySet<string> | null,
): string[] | null {
  const intent = quietly(() => readIntent(root, run_id))
  if (intent?.state !== 'ok') return names?.has(run_id) ? [] : null
  const between: string[] = []
  for (const around of runsAround(root, intent.record)) {
    if (around === outer) return between
    between.push(around)
  }
  return null
}

/** Null where they cannot be read. */
function namesIn(directory: string): ReadonlySet<string> | null {
  try {
    return isSymlink(directory) ? null : new Set(withSpareDescriptor(() => readdirSync(directory)))
  } catch (error) {
    return errnoOf(error) === 'ENOENT' ? new Set() : null
  }
}

function quietly<T>(work: () => T): T | null {
  try {
    return work()
  } catch {
    return null
  }
}

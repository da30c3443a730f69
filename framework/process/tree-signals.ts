/** Signalling a whole tree: each member once with TERM and CONT, with KILL as often as it takes; groups go as one. */
import type { ProcessIdentity } from './identity.js'
import { type Signalled, signalGroup, signalProcess } from './signal.js'
import type { Member, Tree } from './tracking.js'

type Hook = ((member: Member) => void) | undefined

export class TreeSignals {
  readonly #termed = new Set<string>()
  readonly #announced = new Set<string>()
  readonly #killed = new Set<string>()
  #thrown: { readonly error: unknown } | null = null

  /**
   * TERM, then CONT (a stopped process cannot hear TERM), to every member that has not had them.
   * @returns whether there were any
   */
  terminate({ members, groups = [] }: Tree, on_term: Hook): boolean {
    const isNew = (member: Member): boolean => !this.#termed.has(keyOf(member))
    const fresh = members.filter(isNew)
    for (const member of fresh) this.#tell(on_term, member)
    // A group goes as one, so that nothing in it forks between two signals; but nobody gets a second TERM.
    const new_groups = groups.filter(({ pid }) =>
      members.every(member => member.pgid !== pid || isNew(member)),
    )
    for (const signal of ['SIGTERM', 'SIGCONT'] as const) {
      const sent = signalGroups(new_groups, signal)
      for (const member of fresh) if (!sent.has(member.pgid)) attempt(signalProcess, member.identity, signal)
    }
    for (const member of fresh) this.#termed.add(keyOf(member))
    return fresh.length > 0
  }

  /** @returns whether KILL reached at least one that the kernel does not hold back */
  kill({ members, groups = [] }: Tree, on_kill: Hook): boolean {
    for (const member of members) {
      if (this.#announced.has(keyOf(member))) continue
      this.#announced.add(keyOf(member))
      this.#tell(on_kill, member)
    }
    const sent = signalGroups(groups, 'SIGKILL')
    let delivered = false
    for (const member of members) {
      const outcome = attempt(signalProcess, member.identity, 'SIGKILL')
      const reached = outcome === 'sent' || sent.has(member.pgid)
      if (reached) this.#killed.add(keyOf(member))
      if ((reached || outcome === 'gone') && member.state !== 'D') delivered = true
    }
    return delivered
  }

  wasKilled(member: Member): boolean {
    return this.#killed.has(keyOf(member))
  }

  /** Throws what a hook threw first, now that it can stop nothing any more. */
  rethrow(): void {
    if (this.#thrown) throw this.#thrown.error
  }

  #tell(hook: Hook, member: Member): void {
    try {
      hook?.(member)
    } catch (error) {
      this.#thrown ??= { error }
    }
  }
}

/**
 * Sends one signal to everything of a tree, as a terminal does to its foreground group: whole groups at once, the rest
 * process by process.
 */
export function signalTree({ members, groups = [] }: Tree, signal: NodeJS.Signals): void {
  const sent = signalGroups(groups, signal)
  for (const member of members) if (!sent.has(member.pgid)) attempt(signalProcess, member.identity, signal)
}

/** One process as a key; a tree is of one host. */
export const keyOf = ({ identity }: Member): string => `${identity.pid} ${identity.start_time}`

/** @returns the numbers of the groups that got the signal */
function signalGroups(leaders: readonly ProcessIdentity[], signal: NodeJS.Signals): ReadonlySet<number> {
  return new Set(leaders.filter(it => attempt(signalGroup, it, signal) === 'sent').map(({ pid }) => pid))
}

/** A signal that could not even be tried (no descriptor to verify by) is tried again at the next look. */
function attempt(
  send: (target: ProcessIdentity, signal: NodeJS.Signals) => Signalled,
  target: ProcessIdentity,
  signal: NodeJS.Signals,
): Signalled | null {
  try {
    return send(target, signal)
  } catch {
    return null
  }
}

/** A tracking method over known identities alone: for what earlier records name, where no tree can be followed any more. */
import type { ProcessIdentity } from './identity.js'
import { look } from './liveness.js'
import { readStat } from './stat.js'
import type { Member, TrackingMethod, Tree } from './tracking.js'

export class IdentityTracking implements TrackingMethod {
  readonly method = 'snapshot'
  readonly complete = false
  readonly #identities: readonly ProcessIdentity[]

  constructor(identities: readonly ProcessIdentity[]) {
    this.#identities = identities
  }

  look(): Tree {
    const members: Member[] = []
    for (const identity of this.#identities) {
      if (look(identity) !== 'alive') continue
      const stat = readStat(identity.pid)
      if (stat && stat.start_time === identity.start_time)
        members.push({ identity, ppid: stat.ppid, pgid: stat.pgid, sid: stat.sid, state: stat.state })
    }
    return { members, marked_only: [] }
  }
}

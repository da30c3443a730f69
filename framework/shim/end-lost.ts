/** What a guard becomes when its owner dies: ends every run that the dead owner held, and records `owner_lost`. */
import type { ProcessIdentity } from '../process/identity.js'
import { look } from '../process/liveness.js'
import { liveRunIds } from '../runs/find.js'
import { endLostRun } from '../runs/lost.js'
import { refreshPidFile } from '../runs/pid-file.js'
import { readOwner } from '../runs/records.js'
import { type RunView, viewRun } from '../runs/status.js'
import { stateRootAt } from '../store/state-root.js'

/** @param parameters path of the state root, the dead owner's identity as JSON */
export async function endLost([root_path, owner_json]: readonly string[]): Promise<void> {
  if (root_path === undefined || owner_json === undefined)
    throw new Error('usage: end-lost <state root> <owner>')
  // A TERM to the whole host must not take us before the tree that we are here to end.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})
  const root = stateRootAt(root_path)
  const owner: ProcessIdentity = JSON.parse(owner_json)
  // The pipe closes when the owner has exited, but its descriptors go before its entry in /proc does.
  while (look(owner) === 'alive') await new Promise(resolve => setTimeout(resolve, 5))
  const held = liveRunIds(root)
    .filter(run_id => {
      const record = readOwner(root, run_id)
      return record.state === 'ok' && record.record.owner !== null && same(record.record.owner, owner)
    })
    .map(run_id => viewRun(root, run_id))
  await Promise.all(held.map(view => endOne(view)))
  const sessions = new Set(held.map(view => view.intent?.session_id).filter(id => id !== undefined))
  for (const session_id of sessions) await refreshPidFile(root, session_id)

  async function endOne(view: RunView): Promise<void> {
    if (view.end || !view.intent) return
    // An earlier request keeps its cause and its grace: the owner died while it was at it.
    const grace_ms = view.stop?.grace_ms ?? view.intent.limits.grace_ms
    await endLostRun(root, view, { cause: 'owner_lost', grace_ms })
  }
}

const same = (a: ProcessIdentity, b: ProcessIdentity): boolean =>
  a.pid === b.pid &&
  a.start_time === b.start_time &&
  a.boot_id === b.boot_id &&
  a.pid_namespace === b.pid_namespace

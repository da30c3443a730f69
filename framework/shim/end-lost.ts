/** What a guard becomes when its owner dies: ends every run that the dead owner held, and records `owner_lost`. */
import { pause } from '../process/clock.js'
import { type ProcessIdentity, sameProcess } from '../process/identity.js'
import { look } from '../process/liveness.js'
import { endLostRun } from '../runs/end-lost-run.js'
import { liveRunIds } from '../runs/find.js'
import { leaveLive } from '../runs/intent.js'
import { abandon } from '../runs/lost.js'
import { refreshPidFile } from '../runs/pid-file.js'
import { isForced } from '../runs/questions.js'
import { readIntent, readOwner } from '../runs/records.js'
import { isOver, viewRun } from '../runs/status.js'
import { leaveServer } from '../runs/terminal-server.js'
import { type StateRoot, stateRootAt } from '../store/state-root.js'

/** Between two looks at an owner whose pipe is closed and that has not gone, in ms: at first, and at the longest. */
const FIRST_PAUSE_MS = 2
const LONGEST_PAUSE_MS = 200
/** How often is looked whether somebody asks for KILL at once, in ms. */
const FORCE_LOOK_MS = 100

/** @param parameters path of the state root, the dead owner's identity as JSON */
export async function endLost([root_path, owner_json]: readonly string[]): Promise<void> {
  if (root_path === undefined || owner_json === undefined)
    throw new Error('usage: end-lost <state root> <owner>')
  // A TERM to the whole host must not take us before the tree that we are here to end.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const)
    process.on(signal, () => {})
  const root = stateRootAt(root_path)
  const owner: ProcessIdentity = JSON.parse(owner_json)
  // The pipe closes when the owner has exited, but its descriptors go before its entry in /proc does.
  for (let wait = FIRST_PAUSE_MS; look(owner) === 'alive'; wait = Math.min(wait * 2, LONGEST_PAUSE_MS))
    await pause(wait)
  const held = liveRunIds(root).filter(run_id => attempt(() => isHeldBy(root, run_id, owner)) ?? false)
  // One that cannot be ended, or recorded, keeps no other from being ended.
  await Promise.allSettled(held.map(run_id => endOne(root, run_id)))
  for (const run_id of held) await leaveTerminal(root, run_id)
  const sessions = new Set(held.map(run_id => attempt(() => sessionOf(root, run_id)) ?? null))
  for (const session_id of sessions) if (session_id !== null) await refreshPidFile(root, session_id)
}

/** Its runs, and those that it recorded and never came to claim. */
function isHeldBy(root: StateRoot, run_id: string, owner: ProcessIdentity): boolean {
  const claim = readOwner(root, run_id)
  if (claim.state === 'ok') return claim.record.owner !== null && sameProcess(claim.record.owner, owner)
  if (claim.state !== 'absent') return false
  const intent = readIntent(root, run_id)
  if (intent.state !== 'ok' || intent.record.kind === 'background') return false
  return sameProcess(intent.record.starter, owner)
}

async function endOne(root: StateRoot, run_id: string): Promise<void> {
  const view = viewRun(root, run_id)
  if (view.end) {
    // The owner died after its last word and before its last step.
    if (isOver(view)) leaveLive(root, run_id)
    return
  }
  if (!view.owner && abandon(root, run_id) === 'abandoned') return
  const force = new AbortController()
  const asking = setInterval(() => {
    if (isForced(root, run_id)) force.abort()
  }, FORCE_LOOK_MS)
  // An earlier request keeps its cause and its grace: the owner died while it was at it.
  const grace_ms = view.stop?.grace_ms ?? view.intent?.limits.grace_ms ?? 0
  try {
    await endLostRun(root, view, { cause: 'owner_lost', grace_ms, force: force.signal })
  } finally {
    clearInterval(asking)
  }
}

/** The window went with the shim. */
async function leaveTerminal(root: StateRoot, run_id: string): Promise<void> {
  const intent = attempt(() => readIntent(root, run_id))
  if (intent?.state !== 'ok' || !intent.record.terminal) return
  await leaveServer(intent.record.terminal, intent.record.marker)
}

function sessionOf(root: StateRoot, run_id: string): string | null {
  const intent = readIntent(root, run_id)
  return intent.state === 'ok' ? intent.record.session_id : null
}

function attempt<T>(work: () => T): T | null {
  try {
    return work()
  } catch {
    return null
  }
}

/** Owning one background run, from the handshake to the end record. */
import { closeSync, constants, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { type Guard, startGuard } from '../runs/guard.js'
import { ClaimLost, OwnedRun, StartFailed } from '../runs/owner.js'
import { refreshPidFile } from '../runs/pid-file.js'
import { logPath, type RunIntent, readIntent } from '../runs/records.js'
import { type StateRoot, stateRootAt } from '../store/state-root.js'
import { CONFIRMATION, type StartAnswer, type StartMessage } from './handshake.js'

/** The socket to the starter. */
export const HANDSHAKE_DESCRIPTOR = 3

/** @param parameters path of the state root, run id */
export async function own([root_path, run_id]: readonly string[]): Promise<void> {
  if (root_path === undefined || run_id === undefined) throw new Error('usage: own <state root> <run id>')
  const root = stateRootAt(root_path)
  const starter = new Starter(new Socket({ fd: HANDSHAKE_DESCRIPTOR, readable: true, writable: true }))
  let run: OwnedRun | null = null
  // Before the claim: from then on anybody may ask, and a default disposition would kill us.
  const stop = () => run?.stop('parent_signal')
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop)
  process.on('SIGUSR2', () => run?.ask())

  const message = await starter.message
  const intent = readIntent(root, run_id)
  if (!message || intent.state !== 'ok') {
    starter.answer({ failed: { message: 'the run has no readable intent', errno: null } })
    return
  }
  try {
    run = await start(root, intent.record, message)
  } catch (error) {
    starter.answer({ failed: describe(error) })
    return
  }
  starter.answer({ started: { pid: run.main.pid } })
  void starter.confirmed.then(confirmed => {
    // Whoever wanted the run died before anybody learned its pid.
    if (!confirmed) run?.stop('parent_signal')
  })
  await run.ended
  await refreshPidFile(root, intent.record.session_id)
  release?.release()
  starter.close()
}

let release: Guard | null = null

async function start(root: StateRoot, intent: RunIntent, message: StartMessage): Promise<OwnedRun> {
  const log = openSync(
    logPath(root, intent.run_id),
    constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW,
    0o600,
  )
  const guard = await startGuard(root)
  release = guard
  try {
    return await OwnedRun.start({
      root,
      intent,
      guard,
      environment: message.environment,
      stdio: ['ignore', log, log],
      end_leftovers: true,
    })
  } catch (error) {
    guard.release()
    throw error
  } finally {
    closeSync(log)
  }
}

function describe(error: unknown): { message: string; errno: string | null } {
  if (error instanceof StartFailed) return { message: error.message, errno: error.errno }
  if (error instanceof ClaimLost) return { message: error.message, errno: null }
  const errno =
    error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
  return { message: error instanceof Error ? error.message : String(error), errno }
}

/** The shim's end of the handshake. */
class Starter {
  readonly message: Promise<StartMessage | null>
  readonly confirmed: Promise<boolean>
  readonly #socket: Socket

  constructor(socket: Socket) {
    this.#socket = socket
    let text = ''
    let heard: (message: StartMessage | null) => void = () => {}
    let settled: (confirmed: boolean) => void = () => {}
    this.message = new Promise(resolve => {
      heard = resolve
    })
    this.confirmed = new Promise(resolve => {
      settled = resolve
    })
    let spoken = false
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      text += chunk
      const end = text.indexOf('\n')
      if (!spoken && end >= 0) {
        spoken = true
        heard(JSON.parse(text.slice(0, end)))
        text = text.slice(end + 1)
      }
      if (spoken && text.startsWith(CONFIRMATION)) settled(true)
    })
    const gone = () => {
      heard(null)
      settled(false)
    }
    socket.on('end', gone)
    socket.on('error', gone)
    socket.on('close', gone)
    // Once answered, only the run keeps us alive.
    void this.message.then(() => socket.unref())
  }

  answer(answer: StartAnswer): void {
    this.#socket.write(`${JSON.stringify(answer)}\n`)
    if ('failed' in answer) this.#socket.end()
  }

  close(): void {
    this.#socket.destroy()
  }
}

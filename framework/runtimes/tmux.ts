/**
 * The tmux runtime: a program on a terminal that can be opened at any time. Its shim is the first process of a window
 * of the session's own server, so status, lifetime and stop are as in the background; tmux is the terminal alone.
 */
import { closeSync } from 'node:fs'
import type { Socket } from 'node:net'
import { basename } from 'node:path'
import { pause } from '../process/clock.js'
import { errnoOf } from '../process/errno.js'
import { openForWriting } from '../runs/own-log.js'
import { logPath } from '../runs/records.js'
import { installedShimPath } from '../runs/shim-path.js'
import { giveUp } from '../runs/start-main.js'
import {
  findTmux,
  leaveDeserted,
  literal,
  onServer,
  type TerminalWindow,
  TMUX_MISSING,
  tmux,
  windowOf,
} from '../runs/terminal-server.js'
import { ensureSocketDirectory } from '../runs/terminal-socket.js'
import type { StateRoot } from '../store/state-root.js'
import type { RuntimeAdapter, StartRequest } from './adapter.js'
import { Entrance } from './entrance.js'
import { HELD_BY_OWNER } from './held-by-owner.js'
import { silentShim, startThrough } from './shim-handshake.js'
import { RunStartFailed, RuntimeUnavailable } from './start-refused.js'

/** Until somebody opens it; it follows their window then. */
const [COLUMNS, LINES] = ['80', '24']
/** A server that is just ending takes nobody any more; the next one takes its place. */
const TRIES = 20
const RETRY_MS = 50
/** How often is looked whether a shim that has not called yet still has its window, in ms. */
const LOOK_MS = 1_000

export const tmuxRuntime: RuntimeAdapter = {
  ...HELD_BY_OWNER,
  runtime: 'tmux',
  capabilities: { terminal: true, outlives_call: true, log: true },
  prepare(root, intent) {
    const { code, message, fix } = TMUX_MISSING
    if (!findTmux()) throw new RuntimeUnavailable(code, message, fix)
    const terminal = windowOf(root, intent)
    ensureSocketDirectory(terminal.socket, intent.marker.name.replace(/RUN_ID$/, 'STATE_DIR'))
    return { ...intent, terminal }
  },
  async spawn(request) {
    const { root, intent, environment } = request
    const terminal = intent.terminal ?? windowOf(root, intent)
    const entrance = await opened(root, intent.run_id)
    try {
      await openWindow(request, terminal, entrance)
      const shim = await caller(request, terminal, entrance)
      if (!shim) throw await silentShim(root, intent)
      const started = await startThrough(shim, { environment, umask: process.umask() }, request)
      return { ...started, handle: terminal }
    } catch (error) {
      await leaveDeserted(terminal, intent.marker)
      throw error
    } finally {
      entrance.close()
    }
  },
  attach: handle =>
    'socket' in handle ? ['tmux', '-S', handle.socket, 'attach-session', '-t', handle.window] : null,
}

async function opened(root: StateRoot, run_id: string): Promise<Entrance> {
  try {
    closeSync(openForWriting(root, run_id))
    return await Entrance.open(root, run_id)
  } catch (error) {
    giveUp(root, run_id)
    throw new RunStartFailed('RECORDS_UNAVAILABLE', messageOf(error), errnoOf(error))
  }
}

/** Only its shim starts the program, and only once it is told to: the log is complete from the first byte. */
async function openWindow(
  { root, intent, withdrawn }: StartRequest,
  { socket, window }: TerminalWindow,
  entrance: Entrance,
): Promise<void> {
  const { run_id, marker, argv } = intent
  const shim = [process.execPath, installedShimPath(), 'own-pane', root.path, run_id]
  const geometry = ['-x', COLUMNS, '-y', LINES]
  const place = ['new-session', '-d', '-E', '-s', run_id, '-n', titleOf(argv), ...geometry, '-c', '/', '--']
  const log = ['pipe-pane', '-O', '-t', window, appendingTo(logPath(root, run_id))]
  let complaint = ''
  const isOpen = async (): Promise<boolean> => {
    for (let tries = 1; tries <= TRIES && !entrance.caller && !withdrawn.aborted; tries += 1) {
      const answer = await tmux(socket, marker, [...place, ...shim.map(literal), ';', ...log], withdrawn)
      if (answer.code === 0) return true
      complaint = answer.stderr
      // Half of it may have been done.
      await tmux(socket, marker, ['kill-session', '-t', run_id], withdrawn)
      await pause(RETRY_MS, withdrawn)
    }
    return false
  }
  try {
    if (await onServer(socket, isOpen)) return
  } catch (error) {
    complaint = messageOf(error)
  }
  giveUp(root, run_id)
  throw new RunStartFailed('START_FAILED', `tmux opened no window: ${complaint}`, null)
}

/** @returns the shim, once it has called; null where its window was closed before, or nobody waits any more */
async function caller(
  { intent, withdrawn }: StartRequest,
  { socket, window }: TerminalWindow,
  entrance: Entrance,
): Promise<Socket | null> {
  while (!entrance.caller && !withdrawn.aborted) {
    await Promise.race([entrance.call, pause(LOOK_MS, withdrawn)])
    if (entrance.caller || withdrawn.aborted) break
    const { code } = await tmux(socket, intent.marker, ['has-session', '-t', window], withdrawn)
    if (code !== 0) break
  }
  return withdrawn.aborted ? null : entrance.caller
}

/** What stands in tmux's status line, where some characters would be a format. */
const titleOf = ([program = '']: readonly string[]): string =>
  basename(program).replaceAll(/[^A-Za-z0-9_-]/g, '_') || 'program'

/**
 * A line for the shell of pipe-pane. Tmux expands formats and dates in it (tmux(1), pipe-pane), so every character of
 * the path that either of them could mean something by is written as its octal number.
 */
function appendingTo(path: string): string {
  const escaped = [...Buffer.from(path, 'utf8')].map(byte => {
    const character = String.fromCharCode(byte)
    return /[A-Za-z0-9/_.-]/.test(character) ? character : `\\${byte.toString(8).padStart(3, '0')}`
  })
  return `exec cat >>"$(printf '${escaped.join('')}')"`
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

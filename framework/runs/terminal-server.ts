/**
 * The terminal server of a session: one tmux of its own, on a socket that only its user reaches. The programs of the
 * runs have their terminals there; everything else about them is their shims' business.
 */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { accessSync, closeSync, constants, openSync, statSync, unlinkSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { pause } from '../process/clock.js'
import { inheritedDescriptors } from '../process/descriptors.js'
import { minimalEnvironment } from '../process/environment.js'
import { identityOf, type ProcessIdentity } from '../process/identity.js'
import { ownChild } from '../process/own-children.js'
import { signalProcess } from '../process/signal.js'
import { hasExited, readStat } from '../process/stat.js'
import { withLock } from '../store/lock.js'
import type { StateRoot } from '../store/state-root.js'
import { ownEnvironment } from './guard.js'
import type { RunIntent } from './records.js'
import { socketPath, startOf } from './terminal-socket.js'
import { untilGone } from './until-gone.js'

export type TerminalWindow = NonNullable<RunIntent['terminal']>

/** Who does not get the lock in this time goes on without it: a holder that died must not delay a start or an end. */
const LOCK_WAIT_MS = 2_000
/** A tmux that has not answered for so long hangs, in ms. */
const ANSWER_MS = 10_000
/** How often one that is about to end is asked until it has, and after how long, in ms. */
const TRIES = 10
const RETRY_MS = 20
/** How long who was told that its terminal closes may take, in ms. */
const HANGUP_MS = 1_000
/** How often is looked for what was opened meanwhile; what still is then loses its terminal, and is told by that. */
const MOST_HANGUPS = 2
/** What tmux says where nobody listens on a socket that is there (ECONNREFUSED). */
const NO_SERVER = /^no server running on /

/** What to say where tmux is not there. */
export const TMUX_MISSING = {
  code: 'TMUX_MISSING',
  message: 'a run with a terminal needs tmux, which is not on the PATH',
  fix: 'install the package `tmux`',
} as const

/**
 * Where `tmux` is on the PATH of this process, which is the one that starts it; null where it is not there. A client is
 * started in the root directory, so what is relative to ours does not count.
 */
export function findTmux(): string | null {
  const directories = (process.env['PATH'] ?? '').split(delimiter).filter(isAbsolute)
  return directories.map(directory => join(directory, 'tmux')).find(isProgram) ?? null
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** The window of a run: its tmux session bears the run's id, so that a name never means another run. */
export const windowOf = (root: StateRoot, { session_id, run_id }: RunIntent): TerminalWindow => ({
  socket: socketPath(root, session_id),
  window: `${run_id}:0`,
})

export interface TmuxAnswer {
  /** Null where tmux did not run, or was ended. */
  readonly code: number | null
  readonly stdout: string
  /** What tmux complains of, or why it did not run. */
  readonly stderr: string
}

/**
 * Runs one client of a server, which starts the server where the command may do so. Never rejects.
 * @param marker of the run that it is for: neither a run that we are in nor this one takes the server for its process;
 *   null where it starts none
 * @param words of tmux commands; a word `;` stands between two
 * @param withdrawn fires where nobody waits for it any more: the client is ended, as it is when this process exits
 */
export function tmux(
  socket: string,
  marker: RunIntent['marker'] | null,
  words: readonly string[],
  withdrawn?: AbortSignal,
): Promise<TmuxAnswer> {
  const nothing = openSync('/dev/null', 'r+')
  try {
    const child = ownChild(
      spawn('tmux', ['-S', socket, '-f', '/dev/null', ...words], {
        // In a shim's pane: no process of the run's terminal.
        detached: true,
        cwd: '/',
        env: marker ? ownEnvironment(marker) : minimalEnvironment(process.env),
        stdio: withoutInherited(nothing),
      }),
    )
    return answerOf(child, withdrawn)
  } finally {
    closeSync(nothing)
  }
}

/** The server is forked off the client and keeps what it got (tmux closes nothing): in its place it gets /dev/null. */
function withoutInherited(nothing: number): StdioOptions {
  const stdio: ('ignore' | 'pipe' | number)[] = ['ignore', 'pipe', 'pipe']
  for (const fd of inheritedDescriptors()) {
    while (stdio.length < fd) stdio.push('ignore')
    stdio[fd] = nothing
  }
  return stdio
}

/** What lets go of each client that has not answered. */
const asked = new Set<() => void>()
let is_exit_heard = false

/** A server that hangs would keep its clients for as long, whoever waits for them. One listener: Node warns of many. */
function letGoAtExit(): void {
  if (is_exit_heard) return
  is_exit_heard = true
  process.once('exit', () => {
    for (const giveUp of asked) giveUp()
  })
}

function answerOf(child: ChildProcess, withdrawn?: AbortSignal): Promise<TmuxAnswer> {
  const giveUp = (): void => {
    child.kill('SIGKILL')
    // The client has passed its ends of these to the server (SCM_RIGHTS, unix(7)): one that hangs keeps them open.
    child.stdout?.destroy()
    child.stderr?.destroy()
  }
  const late = setTimeout(giveUp, ANSWER_MS)
  asked.add(giveUp)
  letGoAtExit()
  withdrawn?.addEventListener('abort', giveUp)
  if (withdrawn?.aborted) giveUp()
  return new Promise<TmuxAnswer>(resolve => {
    let [stdout, stderr] = ['', '']
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.once('error', error => resolve({ code: null, stdout, stderr: error.message }))
    child.once('close', code => resolve({ code, stdout, stderr: stderr.trim() }))
  }).finally(() => {
    clearTimeout(late)
    asked.delete(giveUp)
    withdrawn?.removeEventListener('abort', giveUp)
  })
}

/** Whether nobody listens on a socket that is there. */
export const hasNoServer = ({ stderr }: TmuxAnswer): boolean => NO_SERVER.test(stderr)

/** A word that tmux takes as it is: a semicolon at its end would begin a new command. */
export const literal = (word: string): string => (word.endsWith(';') ? `${word.slice(0, -1)}\\;` : word)

/**
 * The end of a run's window is near, by its shim or after it. With it goes all that was opened beside it in the run's
 * own session of tmux, by whomever. Where nobody else has one on the server the socket goes, because tmux leaves it when
 * it ends. Under the lock that starts take too, so nobody starts on it meanwhile. Never rejects.
 */
export async function leaveServer(
  { socket, window }: TerminalWindow,
  marker: RunIntent['marker'],
): Promise<void> {
  const [own = ''] = window.split(':')
  for (let rounds = MOST_HANGUPS; ; rounds -= 1) {
    const beside = await onServer(socket, async () => {
      const panes = await panesOn(socket, marker)
      // Without its socket a server that lives is out of reach.
      if (!panes) return []
      const open = panes.flatMap(({ session, process }) => (session === own && process ? [process] : []))
      if (open.length > 0 && rounds > 0) return open
      if (panes.length > 0) await tmux(socket, marker, ['kill-session', '-t', `=${own}`])
      if (panes.every(({ session }) => session === own)) unlinkSync(socket)
      return []
    }).catch(() => [])
    // Gone, or gone already. A socket that stays leads nowhere, and the next server of the session takes its place.
    if (beside.length === 0) return
    await hangUp(beside)
  }
}

/**
 * What the close of their terminal would tell them, which they may ignore. They are ended before it: as long as the
 * server is their parent, whoever stops the session finds them, should we die over this.
 */
async function hangUp(processes: readonly ProcessIdentity[]): Promise<void> {
  for (const one of processes) signalProcess(one, 'SIGHUP')
  for (const deaf of await untilGone(processes, HANGUP_MS)) signalProcess(deaf, 'SIGKILL')
}

/**
 * A start has failed. Where a window was opened its shim, or its shim's guard, leaves the server; where none is left on
 * it nobody else would take the socket away. Never rejects.
 */
export async function leaveDeserted({ socket }: TerminalWindow, marker: RunIntent['marker']): Promise<void> {
  await onServer(socket, async () => {
    const panes = await panesOn(socket, marker)
    if (panes?.length === 0) unlinkSync(socket)
  }).catch(() => {
    // Gone already, or the next server of the session takes its place.
  })
}

interface Pane {
  readonly session: string
  /** Its first process; null where that is this one, or has ended. */
  readonly process: ProcessIdentity | null
}

const PANE = '#{session_name} #{pid} #{pane_pid}'

/** @returns none where no server listens; null where nobody can tell */
async function panesOn(socket: string, marker: RunIntent['marker']): Promise<Pane[] | null> {
  for (let tries = 1; tries <= TRIES; tries += 1) {
    const answer = await tmux(socket, marker, ['list-panes', '-a', '-F', PANE])
    const { code, stdout } = answer
    if (code === 0) return stdout.split('\n').filter(Boolean).map(asPane)
    if (hasNoServer(answer)) return []
    if (code === null) return null
    await pause(RETRY_MS)
  }
  return null
}

/** The name of a session has no blank where it is a run's. */
function asPane(line: string): Pane {
  const [pid, server, ...name] = line.split(' ').reverse()
  const stat = Number(pid) === process.pid ? null : readStat(Number(pid))
  // While the server is its parent, and has not seen it end, its pid is its own.
  const is_first = stat !== null && !hasExited(stat) && stat.ppid === Number(server)
  return { session: name.reverse().join(' '), process: is_first ? identityOf(stat) : null }
}

/** Does what must not meet the end of the server, and not its start by another. */
export async function onServer<T>(socket: string, work: () => Promise<T>): Promise<T> {
  const locked = await withLock(startOf(socket), LOCK_WAIT_MS, work)
  return locked.held ? locked.value : work()
}

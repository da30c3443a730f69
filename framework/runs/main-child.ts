/** Starting the program of a run: past Node where its owner is a subreaper and it needs no stream of ours, else by Node. */
import { type ChildProcess, spawn } from 'node:child_process'
import { ownChild } from '../process/own-children.js'
import type { Subreaper } from '../process/subreaper.js'
import type { MainExit } from './main-exit.js'
import { cannotStart } from './start-failed.js'
import type { OwnerOptions } from './start-main.js'

/** Our ends of its streams, where it has such. */
export type Streams = Pick<ChildProcess, 'stdin' | 'stdout' | 'stderr' | 'stdio'>

export interface MainChild {
  readonly pid: number
  readonly streams: Streams
  /** What the system tells of its exit; never where somebody else in this process took the status. */
  readonly exited: Promise<MainExit>
  /** Nobody waits for it any more. */
  unref(): void
}

const NO_STREAMS: Streams = { stdin: null, stdout: null, stderr: null, stdio: [null, null, null, null, null] }

/**
 * Resolves before the event loop turns.
 * @throws StartFailed
 */
export async function startChild(options: OwnerOptions): Promise<MainChild> {
  return (options.subreaper && pastNode(options.subreaper, options)) ?? byNode(options)
}

function pastNode(
  subreaper: Subreaper,
  { intent, environment, stdio, shares_session }: OwnerOptions,
): MainChild | null {
  const { argv, cwd } = intent
  const descriptors = plain(stdio)
  // A text that has no end in C is refused by Node.
  if (!descriptors || [...argv, cwd, ...Object.entries(environment).flat()].some(hasNul)) return null
  try {
    const started = subreaper.spawn({ argv, environment, cwd, descriptors, is_leader: !shares_session })
    if (!started) return null
    const { pid, unref } = started
    const exited = started.exited.then(exit => ({ ...exit, at: new Date().toISOString() }))
    return { pid, streams: NO_STREAMS, exited, unref }
  } catch (error) {
    throw cannotStart(intent, error)
  }
}

const hasNul = (text: string): boolean => text.includes('\0')

/** @returns null where one of them is a stream between us and the program */
function plain(stdio: OwnerOptions['stdio']): (number | null)[] | null {
  if (!Array.isArray(stdio)) return null
  const descriptors: (number | null)[] = []
  for (const [number, one] of stdio.entries()) {
    if (one === 'inherit') descriptors.push(number)
    else if (one === 'ignore') descriptors.push(null)
    else if (typeof one === 'number') descriptors.push(one)
    else return null
  }
  return descriptors
}

async function byNode({ intent, environment, stdio, shares_session }: OwnerOptions): Promise<MainChild> {
  const [program, ...rest] = intent.argv
  let child: ChildProcess
  try {
    child = ownChild(
      spawn(program, rest, { cwd: intent.cwd, env: environment, detached: !shares_session, stdio }),
    )
  } catch (error) {
    // Node refuses some values before any system call, such as a NUL byte in an argument.
    throw cannotStart(intent, error)
  }
  const exited = new Promise<MainExit>(resolve => {
    child.once('exit', (exit_code, signal) => resolve({ exit_code, signal, at: new Date().toISOString() }))
  })
  if (child.pid === undefined) throw cannotStart(intent, await spawnError(child))
  child.on('error', () => {
    // Comes from a failed kill or a closed channel later on; the exit event tells the rest.
  })
  return { pid: child.pid, streams: child, exited, unref: () => child.unref() }
}

function spawnError(child: ChildProcess): Promise<Error> {
  return new Promise(resolve => child.once('error', resolve))
}

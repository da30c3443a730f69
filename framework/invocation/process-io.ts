/** The real process as an `Io`. Node's streams are touched only where needed: opening one costs as much as a small command. */
import { closeSync, constants, fstatSync, openSync, realpathSync, writeSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { pause } from '../process/clock.js'
import { errnoOf } from '../process/errno.js'
import { isTerminal, mayBeTerminal } from '../process/terminal-descriptor.js'
import { type Io, ReaderGone, TerminalGone } from './io.js'

/** @param replaced_env variables that this process has changed, as they were */
export function processIo(replaced_env: Io['env']): Io {
  return {
    env: process.env,
    replaced_env,
    cwd: workingDirectory(),
    get entry() {
      return entryScript()
    },
    get stdin_is_tty() {
      return isTerminal(0)
    },
    get stdout_is_tty() {
      return isTerminal(1)
    },
    get stderr_is_tty() {
      return isTerminal(2)
    },
    get width() {
      return isTerminal(1) ? (process.stdout.columns ?? 80) : 0
    },
    stdout_descriptor: 1,
    write_stdout: writeStdout,
    stream_stdout: writeStream,
    stream_stderr: bytes =>
      new Promise((done, fail) => stderr().write(bytes, error => (error ? fail(error) : done()))),
    write_stderr(text) {
      stderr().write(text)
    },
  }
}

/** Where the call was made; a directory that has been removed is still the one that paths were meant from. */
function workingDirectory(): string {
  try {
    return process.cwd()
  } catch {
    const named = process.env['PWD']
    return named !== undefined && isAbsolute(named) ? named : '/'
  }
}

/** The script that runs; null also where it has been removed. */
function entryScript(): string | null {
  try {
    return process.argv[1] === undefined ? null : realpathSync(process.argv[1])
  } catch {
    return null
  }
}

let stderr_used = false

/** Stderr, whose reader may go at any time: what cannot be said there is lost, and nothing else. */
function stderr(): NodeJS.WriteStream {
  if (!stderr_used) process.stderr.on('error', ignore)
  stderr_used = true
  return process.stderr
}

const ignore = () => {}

/** Resolves when all that was said on stderr has been handed over. */
export function stderrFlushed(): Promise<void> {
  if (!stderr_used || process.stderr.writableLength === 0) return Promise.resolve()
  return new Promise(resolve => {
    process.stderr.write('', () => resolve())
    process.stderr.once('error', () => resolve())
  })
}

// Taken before anything is intercepted, so that only the answer reaches stdout.
let original: typeof process.stdout.write | null = null

/**
 * Sends what handlers write to stdout to stderr instead, for the rest of the process (REQ-F-006): stdout belongs to the
 * answer, also while it is being written and afterwards.
 * @param noticed told each stray text
 */
export function divertStrayOutput(noticed: (text: string) => void): void {
  const own = Object.getOwnPropertyDescriptor(process, 'stdout')
  if (!own?.get || !own.configurable) {
    divert(process.stdout, noticed)
    return
  }
  let diverted = false
  // Whoever writes asks for the stream first, the console too; nobody asking is the usual case.
  Object.defineProperty(process, 'stdout', {
    ...own,
    get() {
      const stream: NodeJS.WriteStream = own.get?.call(process)
      if (!diverted) divert(stream, noticed)
      diverted = true
      return stream
    },
  })
}

function divert(stream: NodeJS.WriteStream, noticed: (text: string) => void): void {
  original = stream.write.bind(stream)
  stream.write = (
    chunk: string | Uint8Array,
    encoding?: BufferEncoding | ((error?: Error | null) => void),
    done?: (error?: Error | null) => void,
  ): boolean => {
    noticed(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8'))
    return typeof encoding === 'function'
      ? stderr().write(chunk, encoding)
      : stderr().write(chunk, encoding, done)
  }
  // Ended by a handler it could not carry the answer.
  stream.end = () => stream
}

/** A pipe, and a socket, whose other end was closed. */
const GONE = new Set<string | null>(['EPIPE', 'ECONNRESET'])

/** What a fresh pipe takes without anybody reading (pipe(7)), and a fresh socket (measured: 219,264). */
const PIPE_BYTES = 65_536
const SOCKET_BYTES = 200_000

/** Opening Node's stream costs 9 ms, so it is used only where nothing else can wait for a reader. */
async function writeStdout(text: string): Promise<void> {
  if (text === '') return
  const bytes = Buffer.from(text, 'utf8')
  if (isTerminal(1)) return writeStream(bytes)
  const rest = bytes.length <= takenAtOnce() ? writeAtOnce(bytes) : bytes
  if (rest.length === 0) return
  const pipe = openPipe()
  if (pipe === null) return writeStream(rest)
  try {
    await writePipe(pipe, rest)
  } finally {
    closeSync(pipe)
  }
}

/** Files and devices take what they are given. */
function takenAtOnce(): number {
  const stat = fstatSync(1)
  if (stat.isFIFO()) return PIPE_BYTES
  return stat.isSocket() ? SOCKET_BYTES : Number.POSITIVE_INFINITY
}

/**
 * Should it block after all (others filled the pipe and nobody reads), no handler of ours could run, so the signals get
 * back their own disposition first: each of them ends us at once.
 * @returns what a non-blocking pipe did not take
 */
function writeAtOnce(bytes: Buffer): Buffer {
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) process.removeAllListeners(signal)
  let written = 0
  try {
    while (written < bytes.length) written += writeSync(1, bytes, written)
  } catch (error) {
    if (errnoOf(error) !== 'EAGAIN') throw reading(error)
  }
  return bytes.subarray(written)
}

/** A descriptor of stdout's pipe that never blocks, without changing that of others; null for what is no pipe. */
function openPipe(): number | null {
  try {
    return fstatSync(1).isFIFO()
      ? openSync('/proc/self/fd/1', constants.O_WRONLY | constants.O_NONBLOCK)
      : null
  } catch {
    return null
  }
}

const LONGEST_PAUSE_MS = 20

/** The pauses let the signals' handlers run. */
async function writePipe(pipe: number, bytes: Buffer): Promise<void> {
  let pause_ms = 0
  for (let written = 0; written < bytes.length; ) {
    try {
      written += writeSync(pipe, bytes, written)
      pause_ms = 0
    } catch (error) {
      if (errnoOf(error) !== 'EAGAIN') throw reading(error)
      await pause(pause_ms)
      pause_ms = Math.min(pause_ms * 2 + 1, LONGEST_PAUSE_MS)
    }
  }
}

function writeStream(bytes: Uint8Array): Promise<void> {
  const stream = process.stdout
  const write = original ?? stream.write.bind(stream)
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => reject(reading(error))
    stream.once('error', failed)
    write(bytes, error => {
      if (error) return failed(error)
      stream.off('error', failed)
      resolve()
    })
  })
}

function reading(error: unknown): unknown {
  const errno = errnoOf(error)
  // A terminal that was closed (measured on Linux); from a disk it is a failure like any other.
  if (errno === 'EIO' && mayBeTerminal(1)) return new TerminalGone('the terminal was closed')
  return GONE.has(errno) ? new ReaderGone('nobody reads stdout') : error
}

/** The real process as an `Io`. Streams are touched when first used: opening stdout costs as much as a small command. */
import { realpathSync } from 'node:fs'
import { isatty } from 'node:tty'
import { type Io, ReaderGone } from './io.js'

export function processIo(): Io {
  return {
    env: process.env,
    cwd: process.cwd(),
    entry: process.argv[1] === undefined ? null : realpathSync(process.argv[1]),
    stdin_is_tty: isatty(0),
    stdout_is_tty: isatty(1),
    stderr_is_tty: isatty(2),
    get width() {
      return isatty(1) ? (process.stdout.columns ?? 80) : 0
    },
    write_stdout: writeStdout,
    write_stderr(text) {
      stderr().write(text)
    },
  }
}

/** Stderr, whose reader may go at any time: what cannot be said there is lost, and nothing else. */
function stderr(): NodeJS.WriteStream {
  if (!process.stderr.listeners('error').includes(ignore)) process.stderr.on('error', ignore)
  return process.stderr
}

const ignore = () => {}

// Taken before anything is intercepted, so that only the answer reaches stdout.
let original: typeof process.stdout.write | null = null

/**
 * Sends what handlers write to stdout to stderr instead, for the rest of the process (REQ-F-006): stdout belongs to the
 * answer, also while it is being written and afterwards.
 * @param noticed told each stray text
 */
export function divertStrayOutput(noticed: (text: string) => void): void {
  original = process.stdout.write.bind(process.stdout)
  process.stdout.write = (
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
  process.stdout.end = () => process.stdout
}

/** A pipe, and a socket, whose other end was closed. */
const GONE = new Set<string | undefined>(['EPIPE', 'ECONNRESET'])

function writeStdout(text: string): Promise<void> {
  if (text === '') return Promise.resolve()
  const write = original ?? process.stdout.write.bind(process.stdout)
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) =>
      reject(GONE.has(error.code) ? new ReaderGone('nobody reads stdout') : error)
    process.stdout.once('error', failed)
    write(text, error => {
      if (error) return failed(error)
      process.stdout.off('error', failed)
      resolve()
    })
  })
}

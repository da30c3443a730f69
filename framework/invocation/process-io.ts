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
      process.stderr.on('error', ignore)
      process.stderr.write(text)
      process.stderr.off('error', ignore)
    },
  }
}

const ignore = () => {}

// Taken before anything is intercepted, so that only the answer reaches stdout.
let original: typeof process.stdout.write | null = null

/**
 * Sends what handlers write to stdout to stderr instead (REQ-F-006): stdout belongs to the envelope.
 * @param noticed told each stray text
 * @returns puts stdout back
 */
export function divertStrayOutput(noticed: (text: string) => void): () => void {
  const write = process.stdout.write
  original = write.bind(process.stdout)
  process.stdout.write = (
    chunk: string | Uint8Array,
    encoding?: BufferEncoding | ((error?: Error | null) => void),
    done?: (error?: Error | null) => void,
  ): boolean => {
    noticed(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8'))
    return typeof encoding === 'function'
      ? process.stderr.write(chunk, encoding)
      : process.stderr.write(chunk, encoding, done)
  }
  return () => {
    process.stdout.write = write
    original = null
  }
}

function writeStdout(text: string): Promise<void> {
  if (text === '') return Promise.resolve()
  const write = original ?? process.stdout.write.bind(process.stdout)
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EPIPE' ? new ReaderGone('nobody reads stdout') : error)
    process.stdout.once('error', failed)
    write(text, error => {
      if (error) return failed(error)
      process.stdout.off('error', failed)
      resolve()
    })
  })
}

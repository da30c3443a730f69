/**
 * Pipes as a shell makes them. Node gives a child sockets in their place, which differ where it shows: opening
 * /dev/stdout fails, and a reader that goes is a reset connection instead of a SIGPIPE.
 */
import { spawnSync } from 'node:child_process'
import { closeSync, constants, openSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'

export interface RealPipe {
  /** For the child; to be closed here once it has it, else the pipe never ends. */
  readonly write_end: number
  readonly output: Readable
}

/**
 * @param directory where a name for it can be made for a moment
 * @throws Error where none can be made
 */
export function realPipe(directory: string, name: string): RealPipe {
  const path = join(directory, `${name}.fifo`)
  const made = spawnSync('mkfifo', ['-m', '600', path], { encoding: 'utf8' })
  if (made.status !== 0) throw made.error ?? new Error(`no pipe could be made: ${made.stderr.trim()}`)
  // Loaded here, for a program whose output is not copied needs none.
  const { Socket } = process.getBuiltinModule('node:net')
  try {
    // A reader that does not wait for a writer comes first; then neither does the writer (fifo(7)).
    const read_end = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const write_end = openSync(path, constants.O_WRONLY)
    return { write_end, output: new Socket({ fd: read_end, readable: true, writable: false }) }
  } finally {
    unlinkSync(path)
  }
}

export function closeWriteEnds(pipes: readonly RealPipe[]): void {
  for (const { write_end } of pipes) closeSync(write_end)
}

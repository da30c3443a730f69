/**
 * `ready: { fd }`: the program finds the writing end of a stream at a descriptor of its own, and says there that it is
 * ready: by a line, or by closing it after it wrote anything. We hold the reading end as long as the run lives,
 * whatever becomes of its starter, and go on reading: nobody who writes more is ended by SIGPIPE.
 */
import type { StdioOptions } from 'node:child_process'
import { Socket } from 'node:net'
import type { Streams } from '../runs/main-child.js'
import { publishReady, type RunIntent } from '../runs/records.js'
import type { StateRoot } from '../store/state-root.js'

/** @returns the same, with the stream at its place where the run has one */
export function withReadyPipe(stdio: StdioOptions, { ready }: RunIntent): StdioOptions {
  if (ready?.fd === undefined || !Array.isArray(stdio)) return stdio
  // What lies between is left closed (libuv).
  return [...stdio, ...Array<'ignore'>(ready.fd - stdio.length).fill('ignore'), 'pipe']
}

/** Records `ready.json` as soon as the program says that it is. */
export function followReadiness(root: StateRoot, { run_id, ready }: RunIntent, { stdio }: Streams): void {
  const pipe = ready?.fd === undefined ? null : stdio[ready.fd]
  if (!(pipe instanceof Socket)) return
  let has_written = false
  let is_told = false
  const tell = (): void => {
    if (is_told) return
    is_told = true
    try {
      publishReady(root, run_id, 'fd')
    } catch {
      // The disk takes no record: the starter is told that it took too long, and the run is ended.
    }
  }
  pipe.on('data', (chunk: Buffer) => {
    has_written = true
    if (chunk.includes('\n')) tell()
  })
  pipe.on('end', () => {
    if (has_written) tell()
  })
  pipe.on('error', () => {
    // The program's end of it is gone; its exit tells the rest.
  })
  // What escaped and still holds the other end must not keep us.
  pipe.unref()
}

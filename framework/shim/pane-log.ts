/**
 * The log of a program on a pane is written behind the terminal server, so the program's end says nothing about the
 * log's. A mark that follows the last output through the same terminal does; it is taken out of the log again.
 */
import { randomBytes } from 'node:crypto'
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'
import { monotonicMs, pause } from '../process/clock.js'
import { errnoOf } from '../process/errno.js'
import { MARK_ID_BYTES, paneMark } from '../runs/pane-mark.js'
import { logPath } from '../runs/records.js'
import type { StateRoot } from '../store/state-root.js'

/** Less than who stops a run waits for its owner beyond the grace, in ms. */
const DRAIN_MS = 1_500
const POLL_MS = 5

/**
 * Resolves when everything that was written to our terminal is in the log of the run. Never rejects: a terminal that
 * is gone, or a server that does not keep up, costs the end of the log and not the end of the run.
 */
export async function drainPane(root: StateRoot, run_id: string): Promise<void> {
  const deadline = monotonicMs() + DRAIN_MS
  try {
    const mark = paneMark(randomBytes(MARK_ID_BYTES).toString('hex'))
    if (await write(mark, deadline)) await takeOut(mark, logPath(root, run_id), deadline)
  } catch {
    // The terminal was closed, or the log is not there: nothing more will come.
  }
}

/** Without waiting for the terminal: somebody may have stopped its output (Ctrl-S), or stopped its server. */
async function write(mark: Buffer, deadline: number): Promise<boolean> {
  const { O_WRONLY, O_NOCTTY, O_NONBLOCK } = constants
  const terminal = openSync('/dev/tty', O_WRONLY | O_NOCTTY | O_NONBLOCK)
  try {
    for (let at = 0; at < mark.length; ) {
      try {
        at += writeSync(terminal, mark, at)
      } catch (error) {
        if (errnoOf(error) !== 'EAGAIN' || monotonicMs() >= deadline) return false
        await pause(POLL_MS)
      }
    }
    return true
  } finally {
    closeSync(terminal)
  }
}

async function takeOut(mark: Buffer, path: string, deadline: number): Promise<void> {
  const log = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW)
  try {
    const tail = Buffer.alloc(mark.length)
    while (monotonicMs() < deadline) {
      const start = fstatSync(log).size - mark.length
      if (start >= 0 && readSync(log, tail, 0, tail.length, start) === tail.length && tail.equals(mark))
        return ftruncateSync(log, start)
      await pause(POLL_MS)
    }
  } finally {
    closeSync(log)
  }
}

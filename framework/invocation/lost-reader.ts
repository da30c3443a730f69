/** Whether stdout has lost its reader, asked without a write: what a stream looks for that has nothing to write. */
import { fstatSync } from 'node:fs'
import { mayBeTerminal } from '../process/terminal-descriptor.js'
import { triedNative } from '../runs/tried-native.js'
import type { StateRoot } from '../store/state-root.js'
import { ReaderGone, TerminalGone } from './io.js'

/** @returns what a write would throw; null where somebody reads, or nobody can tell */
export type LostReader = () => ReaderGone | null

/**
 * @param signal ends what it takes to find out whether the native module can be used
 * @returns what asks; null where it cannot be asked for. Never rejects
 */
export async function lostReader(
  descriptor: number,
  root: StateRoot | null,
  signal: AbortSignal,
): Promise<LostReader | null> {
  if (!hasReader(descriptor)) return null
  const native = await triedNative(root, signal)
  return native && (() => (native.isHungUp(descriptor) ? gone(descriptor) : null))
}

/** Files, and devices that are no terminal, take what comes, whoever looks. */
function hasReader(descriptor: number): boolean {
  try {
    const stat = fstatSync(descriptor)
    return stat.isFIFO() || stat.isSocket() || mayBeTerminal(descriptor)
  } catch {
    // It is closed: the next write tells.
    return false
  }
}

/** As a failed write tells it. */
const gone = (descriptor: number): ReaderGone =>
  mayBeTerminal(descriptor)
    ? new TerminalGone('the terminal was closed')
    : new ReaderGone('nobody reads stdout')

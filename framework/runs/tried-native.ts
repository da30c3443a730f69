/** The native module for a process that has no run to hold: whether it may be loaded is known from those that have one. */
import { loadNative, type Native, nativePath } from '../process/native.js'
import type { StateRoot } from '../store/state-root.js'
import { probeNative } from './probe-native.js'
import { readVerdict } from './tracking-verdict.js'

/**
 * Loads it only where it is known to work, or another process has tried: nobody starts this one again, should it crash.
 * Nothing is kept of that try, for who only reads writes nothing.
 * @param signal ends the try
 * @returns null where it cannot be had, or does not give the better tracking method here. Never rejects
 */
export async function triedNative(root: StateRoot | null, signal: AbortSignal): Promise<Native | null> {
  try {
    const path = nativePath()
    if (path === null) return null
    const { works } = (root && readVerdict(root, path)) ?? (await probeNative(path, signal))
    return works ? loadNative(path) : null
  } catch {
    return null
  }
}

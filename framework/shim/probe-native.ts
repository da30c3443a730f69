/** Trying the native module, and whether this process adopts orphans by it, for somebody who must not crash by that. */
import { isAdopting } from '../process/adoption-probe.js'
import { loadNative } from '../process/native.js'
import { Subreaper, SubreaperRefused } from '../process/subreaper.js'
import { NOT_ADOPTED } from '../runs/become-subreaper.js'

/** Exits with 0 where it works; with 1, and the reason on stdout, where it never will; else nothing is known. */
export async function probeNative([path]: readonly string[]): Promise<void> {
  if (path === undefined) throw new Error('usage: probe-native <path>')
  let subreaper: Subreaper
  try {
    subreaper = new Subreaper(loadNative(path))
  } catch (error) {
    return refuse(error instanceof SubreaperRefused ? error.message : `${path} cannot be loaded: ${error}`)
  }
  if (!(await isAdopting(subreaper))) refuse(NOT_ADOPTED)
}

function refuse(reason: string): void {
  process.stdout.write(reason)
  process.exitCode = 1
}

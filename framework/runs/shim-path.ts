/** Where the built shim lies, for those who start it. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Seen from this module: as part of the shim's own bundle, of any other module of the build, and in the sources. */
const PLACES = ['./shim.js', '../framework/shim/shim.js', '../../dist/framework/shim/shim.js']

/**
 * @throws Error where it is not there: nothing may be started that nobody could own, or end after its owner
 */
export function shimPath(): string {
  const found = PLACES.map(place => fileURLToPath(new URL(place, import.meta.url))).find(path =>
    existsSync(path),
  )
  if (found === undefined)
    throw new Error('the shim is missing beside the framework: install the package again, or build it')
  return found
}

/** Where the built shim lies, for those who start it. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Seen from this module: as part of any module of the build but the shim itself, as part of that, and in the sources. */
const PLACES = ['../framework/shim/shim.js', './shim.js', '../../dist/framework/shim/shim.js']

/** Where it is, or where it should be. */
export function shimPath(): string {
  const paths = PLACES.map(place => fileURLToPath(new URL(place, import.meta.url)))
  return paths.find(path => existsSync(path)) ?? paths.join(', ')
}

/**
 * As `shimPath`, for who relies on it later and would not be there to see it fail.
 * @throws Error where it is missing: nothing may be started that nobody would end after its owner
 */
export function installedShimPath(): string {
  const path = shimPath()
  if (!existsSync(path))
    throw new Error(`the shim is not at ${path}: install the package of this tool's framework again`)
  return path
}

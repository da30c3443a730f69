/** The library at run time: a cold script, and parts that it loads, some of which are scripts too. */
import { type Load, loadScript } from './load-script.js'

/**
 * Runs the cold script, which loads all else.
 * @param module address of the module that stands for the cold script
 * @param digests of the scripts: the cold one's by the empty path, the others by what imports name them
 * @param load imports what is no script
 * @returns what the cold script returns
 */
export function loadParts(module: string, digests: Readonly<Record<string, string>>, load: Load): unknown {
  const parts = new Map<string, unknown>()
  let cold: object = {}
  const run = (path: string, digest: string): unknown => {
    if (!parts.has(path)) parts.set(path, loadScript(scriptPath(path), module, digest, loadPart, cold))
    return parts.get(path)
  }
  const loadPart: Load = async path => {
    const digest = digests[path]
    return digest === undefined ? load(path) : run(path, digest)
  }
  const library = run(COLD, digests[COLD] ?? '')
  if (typeof library === 'object' && library !== null) cold = library
  return library
}

const COLD = './library.js'
const scriptPath = (path: string): string => path.replace(/\.js$/, '.script.js')

/** The library at run time: a cold script, and parts that it loads, some of which are scripts too. */
import { type Load, loadScript } from './load-script.js'

/** Parts by the module that stands for them: a tool's entry may have loaded them before a module asks for them. */
const SHARED = Symbol.for('chaperone.parts')

export interface Parts {
  /** What the cold script returns. */
  readonly library: unknown
  /** Loads another part by its path relative to the module, a script or a module. */
  readonly load: Load
}

/**
 * Runs the cold script, which loads all else; once a process, whoever asks.
 * @param module address of the module that stands for the cold script
 * @param digests of the scripts: the cold one's by `./library.js`, the others by what imports name them
 * @param load imports what is no script
 */
export function loadParts(module: string, digests: Readonly<Record<string, string>>, load: Load): Parts {
  const shared = sharedParts()
  const name = `${module} ${digests[COLD]}`
  const known = shared.get(name)
  if (known) return known
  const scripts = new Map<string, unknown>()
  let cold: object = {}
  const run = (path: string, digest: string): unknown => {
    if (!scripts.has(path)) scripts.set(path, loadScript(scriptPath(path), module, digest, loadPart, cold))
    return scripts.get(path)
  }
  const loadPart: Load = async path => {
    const digest = digests[path]
    return digest === undefined ? load(path) : run(path, digest)
  }
  const library = run(COLD, digests[COLD] ?? '')
  if (typeof library === 'object' && library !== null) cold = library
  const parts = { library, load: loadPart }
  shared.set(name, parts)
  return parts
}

const COLD = './library.js'
const scriptPath = (path: string): string => path.replace(/\.js$/, '.script.js')

function sharedParts(): Map<string, Parts> {
  const known: unknown = Reflect.get(globalThis, SHARED)
  if (known instanceof Map) return known
  const made = new Map<string, Parts>()
  Object.defineProperty(globalThis, SHARED, { value: made })
  return made
}

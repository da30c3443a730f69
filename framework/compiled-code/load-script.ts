/**
 * Parts of the library as scripts, run with the code that V8 made of them at an earlier start: compiling them anew costs
 * a third of a cold start. That code lies beside the script, as Python's does, one file for each content, V8 and CPU.
 */
import {
  closeSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Script } from 'node:vm'
import { offerKeeper } from './keep-code.js'

/** Imports a module by its path relative to the one that the script stands for. */
export type Load = (path: string) => Promise<unknown>

/**
 * Runs a script that is a function of what follows its digest, and returns what it returns.
 * @param path of the script, relative to the module: ASCII, one function expression
 * @param module address of the module that the script stands for
 * @param digest of its content: V8 itself compares no more than the length before it trusts old code
 * @param load what its dynamic imports do
 * @param given what the script gets beside that: the part of the library that is there already
 */
export function loadScript(path: string, module: string, digest: string, load: Load, given: object): unknown {
  const url = new URL(path, module)
  // Node has a way of its own for utf8 that takes half as long as any other.
  const source = readFileSync(url, 'utf8')
  const file = `${fileURLToPath(url)}.${digest}-${process.versions.v8}-${process.arch}.cache`
  const kept = process.env['NODE_DISABLE_COMPILE_CACHE'] ? 'none' : readKept(file)
  const options = { filename: url.href }
  const script = new Script(source, kept instanceof Buffer ? { ...options, cachedData: kept } : options)
  // What this Node does not accept is left to the one that made it, or each would write it again after the other.
  if (kept === 'absent') offerKeeper(() => write(file, () => script.createCachedData()))
  return script.runInThisContext()(load, module, given)
}

/**
 * V8 checks version and length of such code but not its bytes, and broken ones would crash the process. So they are
 * written twice, and used where both are equal: comparing costs less than any checksum.
 */
function readKept(file: string): Buffer | 'absent' {
  try {
    const twice = readWhole(file)
    const half = twice.length / 2
    if (half > 0 && twice.subarray(0, half).equals(twice.subarray(half))) return twice.subarray(0, half)
  } catch {
    // Not there, or not readable: the library works without.
  }
  return 'absent'
}

/** As `readFileSync` does, which takes half as long again. */
function readWhole(file: string): Buffer {
  const descriptor = openSync(file, 'r')
  try {
    const bytes = Buffer.allocUnsafeSlow(fstatSync(descriptor).size)
    let length = 0
    for (let read = -1; read !== 0 && length < bytes.length; length += read)
      read = readSync(descriptor, bytes, length, bytes.length - length, null)
    return bytes.subarray(0, length)
  } finally {
    closeSync(descriptor)
  }
}

/** Whole or not at all; where the library's directory is not ours to write it stays as it is. */
function write(file: string, compiled: () => Buffer): void {
  const temporary = `${file}.${process.pid}.tmp`
  let descriptor: number | null = null
  try {
    descriptor = openSync(temporary, 'wx', 0o644)
    const code = compiled()
    const twice = Buffer.concat([code, code])
    for (let written = 0; written < twice.length; ) written += writeSync(descriptor, twice, written)
    fsyncSync(descriptor)
    renameSync(temporary, file)
  } catch {
    if (descriptor !== null) rmSync(temporary, { force: true })
  } finally {
    if (descriptor !== null) closeSync(descriptor)
  }
}

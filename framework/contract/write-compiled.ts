/**
 * Writes a compiled manifest beside a tool's entry. The files of one content lie in a directory named by its digest,
 * and the route table, renamed into place last, names that directory: whoever reads sees the old manifest or the new.
 */
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { withLock } from '../store/lock.js'
import { type CompiledContent, partFiles, routeTable } from './compiled-text.js'
import { canonicalJson, textDigest } from './projection.js'

export interface CompiledInput extends CompiledContent {
  /** Where the tool's entry lies; it must be there. */
  readonly directory: string
}

/** A compiled manifest that could not be written; what was there before is untouched. */
export class CompiledWriteError extends Error {
  readonly code: 'COMPILE_NAME_INVALID' | 'COMPILE_BUSY' | 'COMPILE_WRITE_FAILED'
  readonly path: string
  readonly fix: string

  constructor(code: CompiledWriteError['code'], path: string, message: string, fix: string) {
    super(message)
    this.name = 'CompiledWriteError'
    this.code = code
    this.path = path
    this.fix = fix
  }
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/
const LOCK_WAIT_MS = 10_000
const OF_A_CONTENT = /^[0-9a-f]{16}$/
const TEMPORARY = /^\.[0-9a-f]{16}\.\d+\.tmp$/

/**
 * Compiles accepted contracts and writes them, whole or not at all; the same input gives the same bytes.
 * @returns the absolute or relative paths (as `directory` is) of all files of the manifest, sorted
 * @throws CompiledWriteError
 */
export async function writeCompiled(input: CompiledInput): Promise<readonly string[]> {
  const { directory, name } = input
  const entry = join(directory, `${name}.manifest.js`)
  if (!NAME.test(name)) {
    throw new CompiledWriteError(
      'COMPILE_NAME_INVALID',
      entry,
      `${JSON.stringify(name)} cannot be part of a file name.`,
      'Use letters, digits, dots, hyphens and underscores.',
    )
  }
  const parts = await partFiles(input)
  const digest = textDigest(canonicalJson([...parts]))
  const table = routeTable(input, digest)
  try {
    // Asked first: taking the lock would make it.
    await stat(directory)
    const { held } = await withLock(join(directory, `.${name}.manifest`), LOCK_WAIT_MS, () =>
      replaceFiles(directory, name, digest, parts, table),
    )
    if (!held) {
      throw new CompiledWriteError(
        'COMPILE_BUSY',
        entry,
        'Another build writes the compiled manifest at this moment.',
        'Run it again when that one has ended.',
      )
    }
  } catch (error) {
    throw error instanceof CompiledWriteError ? error : writeFailed(entry, error)
  }
  const root = join(directory, `${name}.manifest`, digest)
  return [entry, ...[...parts.keys()].map(path => join(root, path))].sort()
}

async function replaceFiles(
  directory: string,
  name: string,
  digest: string,
  parts: ReadonlyMap<string, string>,
  table: string,
): Promise<void> {
  const root = join(directory, `${name}.manifest`)
  await mkdir(root).catch(present)
  const target = join(root, digest)
  if (!(await holds(target, parts))) {
    const temporary = join(root, `.${digest}.${process.pid}.tmp`)
    try {
      for (const [path, text] of parts) {
        await mkdir(dirname(join(temporary, path)), { recursive: true })
        await writeFile(join(temporary, path), text)
      }
      // Only one that was tampered with is in the way.
      await rm(target, { recursive: true, force: true })
      await rename(temporary, target)
    } finally {
      await rm(temporary, { recursive: true, force: true })
    }
  }
  await replaceTable(directory, `${name}.manifest.js`, table)
  for (const other of await readdir(root)) {
    const stale = (OF_A_CONTENT.test(other) && other !== digest) || TEMPORARY.test(other)
    if (stale) await rm(join(root, other), { recursive: true, force: true })
  }
}

async function replaceTable(directory: string, file: string, table: string): Promise<void> {
  const path = join(directory, file)
  if ((await readFile(path, 'utf8').catch(absent)) === table) return
  const temporary = join(directory, `.${file}.${process.pid}.tmp`)
  try {
    await writeFile(temporary, table)
    await rename(temporary, path)
  } finally {
    await rm(temporary, { force: true })
  }
}

/** True where a directory holds exactly these files. */
async function holds(root: string, files: ReadonlyMap<string, string>): Promise<boolean> {
  if ((await stat(root).catch(absent)) === null) return false
  const there = await readdir(root, { recursive: true, withFileTypes: true })
  const found = there.filter(item => !item.isDirectory())
  if (found.length !== files.size) return false
  for (const [path, text] of files) {
    if ((await readFile(join(root, path), 'utf8').catch(absent)) !== text) return false
  }
  return true
}

function present(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null
  throw error
}

function writeFailed(path: string, error: unknown): CompiledWriteError {
  const reason = error instanceof Error ? error.message : String(error)
  return new CompiledWriteError(
    'COMPILE_WRITE_FAILED',
    path,
    `The compiled manifest could not be written: ${reason}.`,
    "Make the directory of the tool's entry writable, with room on its disk; the manifest that was there is untouched.",
  )
}

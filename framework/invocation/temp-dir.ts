/** The call's own temporary directory: made when first asked for, private, gone at the end, swept by the next call if not. */
import { lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { self, thisHost } from '../process/identity.js'
import { look } from '../process/liveness.js'

const NAME = /^[A-Za-z0-9-]+\.([1-9][0-9]*)\.([0-9]+)$/

/** The place where directories of all calls of one tool and user lie cannot be trusted or made. */
export class TempDirUnavailable extends Error {}

export class TempDir {
  readonly #tool_name: string
  readonly #request_id: string
  #path: string | null = null

  constructor(tool_name: string, request_id: string) {
    this.#tool_name = tool_name
    this.#request_id = request_id
  }

  /** The path once it was made, else null. */
  get path(): string | null {
    return this.#path
  }

  /**
   * Makes the directory, mode 0700 whatever the umask (REQ-F-043), and removes those that dead calls left.
   * @throws TempDirUnavailable
   */
  make(): string {
    if (this.#path) return this.#path
    const base = join(tmpdir(), `${this.#tool_name}-${process.getuid?.() ?? 0}`)
    const { pid, start_time } = self()
    const path = join(base, `${this.#request_id}.${pid}.${start_time}`)
    const umask = process.umask(0o077)
    try {
      mkdirSync(base, { recursive: true, mode: 0o700 })
      verifyOurs(base)
      sweep(base)
      mkdirSync(path, { mode: 0o700 })
    } catch (error) {
      if (error instanceof TempDirUnavailable) throw error
      throw new TempDirUnavailable(`no temporary directory can be made in ${base}: ${String(error)}`)
    } finally {
      process.umask(umask)
    }
    this.#path = path
    return path
  }

  remove(): void {
    if (this.#path) rmSync(this.#path, { recursive: true, force: true })
  }
}

/** Directories of calls that are no longer alive. @returns those removed */
export function staleTempDirs(tool_name: string): string[] {
  const base = join(tmpdir(), `${tool_name}-${process.getuid?.() ?? 0}`)
  try {
    verifyOurs(base)
    return staleIn(base)
  } catch {
    return []
  }
}

function sweep(base: string): void {
  for (const path of staleIn(base)) rmSync(path, { recursive: true, force: true })
}

function staleIn(base: string): string[] {
  return readdirSync(base)
    .filter(name => {
      const match = NAME.exec(name)
      if (!match) return false
      const identity = { ...thisHost(), pid: Number(match[1]), start_time: Number(match[2]) }
      return look(identity) !== 'alive'
    })
    .map(name => join(base, name))
}

function verifyOurs(path: string): void {
  const stat = lstatSync(path)
  const ours =
    stat.isDirectory() && stat.uid === (process.getuid?.() ?? stat.uid) && (stat.mode & 0o022) === 0
  if (!ours) throw new TempDirUnavailable(`${path} is not a directory of ours that nobody else can write`)
}

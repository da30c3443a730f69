/** The call's own temporary directory: made when first asked for, private, gone at the end, swept by the next call if not. */
import { chmodSync, lstatSync, mkdirSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { errnoOf } from '../process/errno.js'
import { type ProcessIdentity, self, thisHost } from '../process/identity.js'
import { look } from '../process/liveness.js'
import { FrameworkExit } from './framework-exit.js'
import { removeTree } from './remove-tree.js'

/** Request id, number within the process, pid, start time, digest of host and PID namespace, digest of the boot. */
const NAME = /^[A-Za-z0-9-]+\.[0-9]+\.([1-9][0-9]*)\.([0-9]+)\.([0-9a-z]+)\.([0-9a-z]+)$/

const PRIVATE = 0o700

/** The place where directories of all calls of one tool and user lie cannot be trusted or made. */
export class TempDirUnavailable extends Error {}

let made = 0

export class TempDir {
  readonly #tool_name: string
  readonly #request_id: string
  #path: string | null = null
  #swept: Promise<void> = Promise.resolve()
  #is_removed = false

  constructor(tool_name: string, request_id: string) {
    this.#tool_name = tool_name
    this.#request_id = request_id
  }

  /** The path once it was made, else null. */
  get path(): string | null {
    return this.#path
  }

  /**
   * Makes the directory, mode 0700 whatever the umask (REQ-F-043), and begins to remove those that dead calls left.
   * @throws TempDirUnavailable; FrameworkExit `CALL_ENDING` once it was removed
   */
  make(): string {
    if (this.#is_removed)
      throw new FrameworkExit(
        'CONFLICT',
        'CALL_ENDING',
        'the call is ending; its temporary directory is gone',
      )
    if (this.#path) return this.#path
    const base = baseOf(this.#tool_name)
    const { pid, start_time } = self()
    made += 1
    const path = join(base, `${this.#request_id}.${made}.${pid}.${start_time}.${place()}.${boot()}`)
    try {
      openBase(base)
      mkdirSync(path, { mode: PRIVATE })
      // mkdir(2) takes the umask off the mode, even where it takes our own bits.
      chmodSync(path, PRIVATE)
    } catch (error) {
      if (error instanceof TempDirUnavailable) throw error
      throw new TempDirUnavailable(`no temporary directory can be made in ${base}: ${String(error)}`)
    }
    this.#path = path
    this.#swept = sweep(base)
    return path
  }

  /**
   * Removes it; there will be no other.
   * @param sweep waits also until what dead calls left is gone, which may be much; the next call goes on with the rest
   * @returns why it could not be removed; null where all of it is gone
   */
  async remove(sweep: boolean): Promise<string | null> {
    this.#is_removed = true
    if (this.#path === null) return null
    const [error] = await Promise.all([removeTree(this.#path), sweep ? this.#swept : null])
    return error && `the temporary directory ${this.#path} could not be removed: ${error.message}`
  }
}

/** Directories of calls that are no longer alive. */
export const staleTempDirs = (tool_name: string): string[] => staleTempDirsIn(baseOf(tool_name))

function staleTempDirsIn(base: string): string[] {
  try {
    verifyOurs(base)
    return staleIn(base)
  } catch {
    return []
  }
}

const baseOf = (tool_name: string): string => join(tmpdir(), `${tool_name}-${process.getuid?.() ?? 0}`)

/** Made where it is missing; it is in a place where others may have been first, so what is there must be ours. */
function openBase(base: string): void {
  try {
    mkdirSync(base, { mode: PRIVATE })
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
  }
  verifyOurs(base)
  if ((lstatSync(base).mode & 0o777) !== PRIVATE) chmodSync(base, PRIVATE)
}

/** What cannot be removed must not keep this call from its own; the next one tries again. */
async function sweep(base: string): Promise<void> {
  await Promise.all(staleTempDirsIn(base).map(removeTree))
}

function staleIn(base: string): string[] {
  return readdirSync(base)
    .filter(name => {
      const owner = ownerOf(name)
      if (!owner) return false
      const liveness = look(owner)
      return liveness === 'gone' || liveness === 'rebooted'
    })
    .map(name => join(base, name))
}

/**
 * The process that a directory's name tells of. TMPDIR may be shared with other hosts and PID namespaces, where our
 * pids mean nothing: their directories are not ours to judge.
 */
function ownerOf(name: string): ProcessIdentity | null {
  const match = NAME.exec(name)
  if (!match) return null
  const [, pid, start_time, its_place, its_boot] = match
  if (its_place !== place()) return null
  const here = thisHost()
  return {
    ...here,
    boot_id: its_boot === boot() ? here.boot_id : `not ${here.boot_id}`,
    pid: Number(pid),
    start_time: Number(start_time),
  }
}

const place = (): string => digest(`${thisHost().host_id} ${thisHost().pid_namespace}`)
const boot = (): string => digest(thisHost().boot_id)

/** FNV-1a, 32 bits: short, because the path of a socket may have 107 bytes (unix(7)). */
function digest(text: string): string {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash.toString(36)
}

function verifyOurs(path: string): void {
  const stat = lstatSync(path)
  const ours =
    stat.isDirectory() && stat.uid === (process.getuid?.() ?? stat.uid) && (stat.mode & 0o022) === 0
  if (!ours) throw new TempDirUnavailable(`${path} is not a directory of ours that nobody else can write`)
}

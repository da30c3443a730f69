/**
 * What a try of the better tracking method came to, kept in the state root so that not every start has to try. It holds
 * for one boot, Node, native module and system call filter: whatever of these is another asks anew.
 */
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { thisHost } from '../process/identity.js'
import { readProcFile } from '../process/proc-file.js'
import { createPrivateDirectory } from '../store/private-directory.js'
import { publish } from '../store/record.js'
import type { StateRoot } from '../store/state-root.js'

export interface TrackingVerdict {
  /** Whether this machine lets a process adopt the orphans below it, and the native module can be used. */
  readonly works: boolean
  /** Why not; null where it works. */
  readonly reason: string | null
}

/** @returns null where nobody has tried yet */
export function readVerdict(root: StateRoot, native_path: string): TrackingVerdict | null {
  try {
    const value: unknown = JSON.parse(readFileSync(verdictPath(root, native_path), 'utf8'))
    return isVerdict(value) ? value : null
  } catch {
    return null
  }
}

/** Never throws: where it cannot be kept the next start tries again. */
export function keepVerdict(root: StateRoot, native_path: string, verdict: TrackingVerdict): void {
  try {
    createPrivateDirectory(directoryIn(root))
    publish(verdictPath(root, native_path), verdict, { sync: false })
    for (const name of readdirSync(directoryIn(root)))
      if (!name.startsWith(thisHost().boot_id)) rmSync(join(directoryIn(root), name), { force: true })
  } catch {
    // No room, or no root of ours: it was for speed alone.
  }
}

const directoryIn = (root: StateRoot): string => join(root.path, 'tracking')

function verdictPath(root: StateRoot, native_path: string): string {
  const node = [process.version, process.arch, fileKey(process.execPath)].join('-')
  const name = [thisHost().boot_id, node, fileKey(native_path), filterKey()].join('.')
  return join(directoryIn(root), `${name}.json`)
}

/** Of a file's content: any change of it changes its ctime (inode(7)). */
function fileKey(path: string): string {
  const { ino, size, ctimeMs } = statSync(path)
  return [ino, size, Math.round(ctimeMs)].map(number => number.toString(36)).join('-')
}

/** Whether a filter of system calls is on, and how many (proc_pid_status(5)): a sandbox has another answer. */
function filterKey(): string {
  const status = readProcFile('/proc/self/status')?.toString('latin1') ?? ''
  return [...status.matchAll(/^Seccomp(?:_filters)?:\s*(\d+)/gm)].map(([, number]) => number).join('-')
}

function isVerdict(value: unknown): value is TrackingVerdict {
  return typeof value === 'object' && value !== null && 'works' in value && typeof value.works === 'boolean'
}

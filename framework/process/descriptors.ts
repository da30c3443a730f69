/** Closing what a long-lived process of ours inherited: every such descriptor keeps a pipe or a lock of the caller. */
import { closeSync } from 'node:fs'
import { errnoOf } from './errno.js'
import { listProc, readProcFile } from './proc-file.js'

/** open(2), O_CLOEXEC, as proc_pid_fdinfo(5) prints it: Node opens all its own descriptors with it. */
const CLOSE_ON_EXEC = 0o2000000

/** What an execve(2) of this process would pass on, beside 0, 1 and 2. */
export function inheritedDescriptors(): number[] {
  return listProc('/proc/self/fdinfo')
    .map(Number)
    .filter(fd => fd > 2 && isInheritable(fd))
}

function isInheritable(fd: number): boolean {
  const info = readProcFile(`/proc/self/fdinfo/${fd}`)?.toString('latin1') ?? ''
  const flags = /^flags:\s*([0-7]+)/m.exec(info)?.[1]
  return flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0
}

/**
 * Closes every inherited descriptor above 2 but those to keep. For a process that Node started: a Node that starts
 * marks the low ones it was given as close-on-exec (libuv), so those cannot be told from its own, but neither do
 * they come through a Node parent's execve; the high ones that do come through are not marked.
 * @returns the descriptors closed
 */
export function closeInheritedDescriptors(keep: readonly number[]): number[] {
  const closed: number[] = []
  for (const fd of inheritedDescriptors()) {
    if (keep.includes(fd)) continue
    try {
      closeSync(fd)
      closed.push(fd)
    } catch (error) {
      // close(2): the descriptor is free even where the last write to it failed.
      if (errnoOf(error) !== 'EBADF') closed.push(fd)
    }
  }
  return closed
}

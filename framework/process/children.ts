/** Who is whose child: from the kernel's own lists, at a cost that follows the tree; where it has none, from all of /proc. */
import { existsSync } from 'node:fs'
import { listProc, readProcList } from './proc-file.js'
import type { ProcessStat } from './stat.js'
import { readProcessTable } from './table.js'

/**
 * The children of a process at one look, zombies included. Complete for a parent whose children nobody reaps meanwhile,
 * and so for this process; of another one some may be skipped (proc_tid_children(5)).
 */
export type ChildrenOf = (parent: Pick<ProcessStat, 'pid' | 'threads'>) => readonly number[]

let has_lists: boolean | null = null

/** Begins a look. */
export function lookAtChildren(): ChildrenOf {
  // CONFIG_PROC_CHILDREN
  has_lists ??= existsSync(`/proc/${process.pid}/task/${process.pid}/children`)
  return has_lists ? listedChildren : tabledChildren()
}

/** Each thread has those that it forked; what a process adopts goes to its first thread. */
function listedChildren({ pid, threads }: Pick<ProcessStat, 'pid' | 'threads'>): readonly number[] {
  // Of this process only the first thread forks, and its list alone is never changed while it is read.
  if (threads <= 1 || pid === process.pid) return childrenOfThread(pid, pid)
  return threadsOf(pid).flatMap(thread => childrenOfThread(pid, thread))
}

function childrenOfThread(pid: number, thread: number): number[] {
  const bytes = readProcList(`/proc/${pid}/task/${thread}/children`)
  if (!bytes || bytes.length === 0) return []
  return bytes.toString('latin1').trim().split(' ').map(Number)
}

/** The ids of its threads, of which the first is its pid; none where it has ended. */
export function threadsOf(pid: number): number[] {
  try {
    return listProc(`/proc/${pid}/task`).map(Number)
  } catch {
    // It has ended: what it left was adopted.
    return []
  }
}

/** For a kernel without lists. */
export function tabledChildren(): ChildrenOf {
  const children = new Map<number, number[]>()
  for (const { pid, ppid } of readProcessTable().values()) {
    const siblings = children.get(ppid)
    if (siblings) siblings.push(pid)
    else children.set(ppid, [pid])
  }
  return ({ pid }) => children.get(pid) ?? []
}

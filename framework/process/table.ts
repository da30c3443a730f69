/** The process table in one pass over /proc, and the one question that a report asks about a process: its command. */
import { listProc, readProcFile } from './proc-file.js'
import { type ProcessStat, readStat } from './stat.js'

/** Zombies included: they still hold their pid, and a group or session may be known by it. */
export type ProcessTable = ReadonlyMap<number, ProcessStat>

/**
 * Reads every process that this host shows us. Not an instant: what starts or ends meanwhile may or may not be in it.
 * Costs about 10 µs a process; an invocation that started nothing never calls it.
 */
export function readProcessTable(): ProcessTable {
  const table = new Map<number, ProcessStat>()
  for (const name of listProc('/proc')) {
    const first = name.charCodeAt(0)
    if (first < 0x30 || first > 0x39) continue
    const stat = readStat(Number(name))
    if (stat) table.set(stat.pid, stat)
  }
  return table
}

/**
 * The arguments of a process, as they are now: it may have changed them.
 * @returns null where it is gone or closed to us; empty for a zombie or a kernel thread
 */
export function commandLine(pid: number): string[] | null {
  if (!Number.isSafeInteger(pid) || pid < 1) return null
  const bytes = readProcFile(`/proc/${pid}/cmdline`)
  if (!bytes) return null
  const text = bytes.toString('utf8')
  if (text === '') return []
  return (text.endsWith('\0') ? text.slice(0, -1) : text).split('\0')
}

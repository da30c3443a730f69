/** What a process uses of the machine, as /proc tells at this moment. */
import type { ProcessIdentity } from './identity.js'
import { readProcFile } from './proc-file.js'

/** Ticks a second in /proc, whatever the kernel's own clock (proc_pid_stat(5), sysconf(_SC_CLK_TCK)). */
const TICKS = 100

export interface Usage {
  /** Of all its threads, since it began. */
  readonly cpu_seconds: number
  /** The same as a part of one core's time since it began, in per cent. */
  readonly cpu_percent: number
  /** Resident; null for a process that has no memory of its own. */
  readonly memory_bytes: number | null
}

/** Null where the process is gone, or closed to us. */
export function usageOf({ pid, start_time }: ProcessIdentity): Usage | null {
  const memory = residentBytes(pid)
  const stat = readProcFile(`/proc/${pid}/stat`)?.toString('latin1')
  const uptime = readProcFile('/proc/uptime')?.toString('latin1')
  if (stat === undefined || uptime === undefined) return null
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const field = (number: number): number => Number(fields[number - 3])
  // What was read of another process that has the pid by now is nothing of this one.
  if (field(22) !== start_time) return null
  const cpu_seconds = (field(14) + field(15)) / TICKS
  const age_seconds = Number.parseFloat(uptime) - start_time / TICKS
  const cpu_percent = age_seconds > 0 ? (cpu_seconds / age_seconds) * 100 : 0
  return { cpu_seconds, cpu_percent: Math.round(cpu_percent * 10) / 10, memory_bytes: memory }
}

function residentBytes(pid: number): number | null {
  const status = readProcFile(`/proc/${pid}/status`)?.toString('latin1')
  const kibibytes = /^VmRSS:\s*(\d+) kB$/m.exec(status ?? '')?.[1]
  return kibibytes === undefined ? null : Number(kibibytes) * 1024
}

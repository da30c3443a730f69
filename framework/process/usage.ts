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
export function usageOf(identity: ProcessIdentity): Usage | null {
  const memory_bytes = residentBytes(identity.pid)
  const cpu_seconds = cpuSecondsOf(identity)
  const uptime = readProcFile('/proc/uptime')?.toString('latin1')
  if (cpu_seconds === null || uptime === undefined) return null
  const age_seconds = Number.parseFloat(uptime) - identity.start_time / TICKS
  const cpu_percent = age_seconds > 0 ? (cpu_seconds / age_seconds) * 100 : 0
  return { cpu_seconds, cpu_percent: Math.round(cpu_percent * 10) / 10, memory_bytes }
}

/** Of all its threads, since it began; null where the process is gone, or closed to us. */
function cpuSecondsOf({ pid, start_time }: ProcessIdentity): number | null {
  const stat = readProcFile(`/proc/${pid}/stat`)?.toString('latin1')
  if (stat === undefined) return null
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const field = (number: number): number => Number(fields[number - 3])
  // What was read of another process that has the pid by now is nothing of this one.
  return field(22) === start_time ? (field(14) + field(15)) / TICKS : null
}

function residentBytes(pid: number): number | null {
  const status = readProcFile(`/proc/${pid}/status`)?.toString('latin1')
  const kibibytes = /^VmRSS:\s*(\d+) kB$/m.exec(status ?? '')?.[1]
  return kibibytes === undefined ? null : Number(kibibytes) * 1024
}

/** One process as /proc/pid/stat shows it (proc_pid_stat(5)). */
import { readProcFile } from './proc-file.js'

export interface ProcessStat {
  readonly pid: number
  /** The program's name, at most 15 bytes, chosen by the process: any byte may be in it. */
  readonly comm: string
  /** One letter; `Z` and `X` have exited, `T` is stopped, `D` cannot be interrupted. */
  readonly state: string
  readonly ppid: number
  readonly pgid: number
  readonly sid: number
  /** Device number of the controlling terminal; 0 for none. */
  readonly tty: number
  readonly threads: number
  /** Clock ticks from boot to the start. */
  readonly start_time: number
}

/**
 * Reads one process.
 * @returns null where it is gone, or where this host hides it from us (`look` tells the two apart)
 * @throws NodeJS.ErrnoException where /proc cannot be read at all, such as EMFILE
 */
export function readStat(pid: number): ProcessStat | null {
  if (!Number.isSafeInteger(pid) || pid < 1) return null
  const bytes = readProcFile(`/proc/${pid}/stat`)
  return bytes && parseStat(bytes)
}

/**
 * Whether the process has come to its end. One whose first thread has ended while others work on shows `Z` too,
 * and is alive: only the count of its threads tells (proc_pid_stat(5), field 20).
 */
export function hasExited({ state, threads }: Pick<ProcessStat, 'state' | 'threads'>): boolean {
  return state === 'X' || state === 'x' || (state === 'Z' && threads <= 1)
}

/** The name may hold parentheses, spaces and newlines, so the fields are counted from the last parenthesis on. */
function parseStat(bytes: Buffer): ProcessStat | null {
  const open = bytes.indexOf('(')
  const close = bytes.lastIndexOf(')')
  if (open < 1 || close < open) return null
  const fields = bytes.toString('latin1', close + 2).split(' ', 20)
  const field = (number: number): number => Number(fields[number - 3])
  const stat: ProcessStat = {
    pid: Number(bytes.toString('latin1', 0, open)),
    comm: bytes.toString('utf8', open + 1, close),
    state: fields[0] ?? '',
    ppid: field(4),
    pgid: field(5),
    sid: field(6),
    tty: field(7),
    threads: field(20),
    start_time: field(22),
  }
  return Number.isSafeInteger(stat.start_time) ? stat : null
}

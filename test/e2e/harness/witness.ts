/**
 * The witness of a leak: reads /proc by itself and knows nothing of our records. A process belongs to a sandbox when
 * the sandbox's unique directory stands in its command line or environment, or when an ancestor's does.
 */
import { readdirSync, readFileSync } from 'node:fs'

export interface Seen {
  readonly pid: number
  readonly ppid: number
  readonly command: string
}

/** Every living process of the sandbox; zombies are not alive. */
export function processesOf(token: string): Seen[] {
  const all = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(name => read(Number(name)))
    .filter(entry => entry !== null)
    .filter(({ pid }) => pid !== process.pid)
  const found = new Set(all.filter(({ text }) => text.includes(token)).map(({ pid }) => pid))
  for (let before = -1; before !== found.size; ) {
    before = found.size
    for (const { pid, ppid } of all) if (found.has(ppid)) found.add(pid)
  }
  return all.filter(({ pid }) => found.has(pid)).map(({ pid, ppid, command }) => ({ pid, ppid, command }))
}

/** Whether a process is there and no zombie. */
export function isAlive(pid: number): boolean {
  const entry = read(pid)
  return entry !== null
}

function read(pid: number): (Seen & { text: string }) | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state, ppid, threads] = [fields[0], fields[1], fields[17]]
    // The first thread of one whose others have not ended yet shows `Z`, too (proc_pid_stat(5), field 20).
    if (state === 'X' || (state === 'Z' && Number(threads) <= 1)) return null
    const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1')
    let environ = ''
    try {
      environ = readFileSync(`/proc/${pid}/environ`, 'latin1')
    } catch {
      // Another user's process: its command line must do.
    }
    return { pid, ppid: Number(ppid), command: command.replaceAll('\0', ' ').trim(), text: command + environ }
  } catch {
    return null
  }
}

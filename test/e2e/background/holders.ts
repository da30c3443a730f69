/** Who holds a run, as a stranger finds it: by the command lines in /proc, never by a record. */
import { readFileSync } from 'node:fs'
import type { Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'
import { isAlive } from '../harness/witness.js'

/** The shim that owns a run; null where there is none. */
export function findShim(sandbox: Sandbox, run_id?: string): number | null {
  const shim = sandbox
    .survivors()
    .find(({ command }) => command.includes('/shim.js own ') && command.includes(run_id ?? ''))
  return shim?.pid ?? null
}

export function shimOf(sandbox: Sandbox, run_id: string): number {
  const pid = findShim(sandbox, run_id)
  if (pid === null) throw new Error(`no shim of run ${run_id}`)
  return pid
}

/** The guard of an owner. */
export function guardOf(sandbox: Sandbox, owner_pid: number): number {
  const guard = sandbox
    .survivors()
    .find(({ command }) => command.includes(' end-lost ') && command.includes(`"pid":${owner_pid},`))
  if (!guard) throw new Error(`no guard of process ${owner_pid}`)
  return guard.pid
}

/** The letter of proc_pid_stat(5); null where the process is gone. */
export function stateOf(pid: number): string | null {
  return statFields(pid)?.[0] ?? null
}

export function sessionIdOf(pid: number): number {
  return Number(statFields(pid)?.[3])
}

export async function gone(pid: number): Promise<void> {
  await until(`process ${pid} to end`, () => !isAlive(pid))
}

function statFields(pid: number): string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return null
  }
}

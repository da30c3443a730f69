/** What tells one process from every other that ever had its pid: host, boot, PID namespace, pid, start time. */
import { readFileSync, readlinkSync } from 'node:fs'
import type { ProcessIdentity } from '../../schemas/generated/types.js'
import { errnoOf } from './errno.js'
import { assertPlatform } from './platform.js'
import { hasExited, readStat } from './stat.js'

export type { ProcessIdentity } from '../../schemas/generated/types.js'

/** Where a pid counts. */
export type HostIdentity = Pick<ProcessIdentity, 'host_id' | 'boot_id' | 'pid_namespace'>

let host: HostIdentity | null = null
let own: ProcessIdentity | null = null

/**
 * This host, boot and PID namespace; read once.
 * @throws PlatformUnsupported where pids cannot be told apart here
 */
export function thisHost(): HostIdentity {
  if (host) return host
  assertPlatform()
  host = {
    host_id: machineId() ?? readFileSync('/proc/sys/kernel/hostname', 'utf8').trim(),
    boot_id: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    pid_namespace: pidNamespace(),
  }
  return host
}

/** @returns the process that has this pid now; null where there is none, or only a zombie */
export function identify(pid: number): ProcessIdentity | null {
  const stat = readStat(pid)
  return stat && !hasExited(stat) ? identityOf(stat) : null
}

/** The identity of a process of this host that was just seen. */
export function identityOf({ pid, start_time }: { pid: number; start_time: number }): ProcessIdentity {
  return { ...thisHost(), pid, start_time }
}

/**
 * This process.
 * @throws PlatformUnsupported
 */
export function self(): ProcessIdentity {
  const host_now = thisHost()
  if (own) return own
  const stat = readStat(process.pid)
  if (!stat) throw new Error(`/proc/${process.pid}/stat cannot be read by the process itself`)
  own = { ...host_now, pid: stat.pid, start_time: stat.start_time }
  return own
}

/** Whether two identities name the same process. */
export function sameProcess(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return (
    a.pid === b.pid &&
    a.start_time === b.start_time &&
    a.host_id === b.host_id &&
    a.boot_id === b.boot_id &&
    a.pid_namespace === b.pid_namespace
  )
}

/** machine-id(5): 32 hex digits; an image that was never booted has an empty file, or the word `uninitialized`. */
function machineId(): string | null {
  try {
    const text = readFileSync('/etc/machine-id', 'utf8').trim()
    return /^[0-9a-f]{32}$/.test(text) ? text : null
  } catch (error) {
    // A host has one name only: what cannot be read for want of a descriptor is there, and may be read in a moment.
    if (['EMFILE', 'ENFILE'].includes(errnoOf(error) ?? '')) throw error
    return null
  }
}

/** namespaces(7): the inode number names the namespace. A kernel built without them has one only. */
function pidNamespace(): string {
  try {
    const link = readlinkSync('/proc/self/ns/pid')
    return /^pid:\[(\d+)\]$/.exec(link)?.[1] ?? link
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 'none'
    throw error
  }
}

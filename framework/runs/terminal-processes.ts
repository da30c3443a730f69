/**
 * Who sits on the terminal server of a session, by the process table: a server that hangs answers nobody, and one whose
 * socket was taken away cannot be asked.
 */
import { readlinkSync } from 'node:fs'
import { identityOf, type ProcessIdentity } from '../process/identity.js'
import { hasExited, type ProcessStat } from '../process/stat.js'
import { commandLine, readProcessTable } from '../process/table.js'

/** What tmux calls its servers (PR_SET_NAME, prctl(2)). */
const SERVER = 'tmux: server'

/** The servers of a socket, and behind each what it started: the first processes of its panes. */
export function processesOn(socket: string): ProcessIdentity[] {
  const table = [...readProcessTable().values()].filter(stat => !hasExited(stat))
  const servers = table.filter(stat => isServerOn(socket, stat))
  return servers
    .flatMap(server => [server, ...table.filter(({ ppid }) => ppid === server.pid)])
    .map(identityOf)
}

/** A server keeps the arguments of the client that it was forked off. */
const isServerOn = (socket: string, { pid, comm }: ProcessStat): boolean =>
  comm === SERVER && (commandLine(pid) ?? []).includes(socket) && seesOurFiles(pid)

/** In a container the same path is another socket. */
function seesOurFiles(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`) === readlinkSync('/proc/self/ns/mnt')
  } catch {
    return false
  }
}

/** Whether something of this machine accepts connections to a port. */
import { Socket } from 'node:net'

/** Both: a program may listen on one of them alone. */
const ADDRESSES = ['127.0.0.1', '::1'] as const
/** A local connection is accepted or refused at once; one that is neither waits in somebody's full queue. */
const CONNECT_MS = 500

/** `silent`: something is there and has not accepted in time. */
type Reception = 'accepted' | 'refused' | 'silent'

/** Whether a connection to the port is accepted now. */
export async function isAccepting(port: number): Promise<boolean> {
  return (await receptions(port)).includes('accepted')
}

/** Whether the port is somebody's, whether or not that one accepts at the moment. */
export async function isTaken(port: number): Promise<boolean> {
  return (await receptions(port)).some(reception => reception !== 'refused')
}

const receptions = (port: number): Promise<Reception[]> =>
  Promise.all(ADDRESSES.map(address => receptionAt(address, port)))

function receptionAt(host: string, port: number): Promise<Reception> {
  return new Promise(resolve => {
    const socket = new Socket()
    const settle = (reception: Reception): void => {
      socket.destroy()
      resolve(reception)
    }
    socket.setTimeout(CONNECT_MS, () => settle('silent'))
    socket.once('error', () => settle('refused'))
    // A port of the ephemeral range can be given to the connection itself: it is then connected to itself, and nobody
    // listens (a simultaneous open, RFC 9293, 3.5).
    socket.once('connect', () => settle(socket.localPort === port ? 'refused' : 'accepted'))
    socket.connect({ host, port })
  })
}

/** Whether something of this machine accepts connections to a port. */
import { Socket } from 'node:net'
import { afterHearing, pause } from '../process/clock.js'

/** Both: a program may listen on one of them alone. */
const ADDRESSES = ['127.0.0.1', '::1'] as const
/** A local connection is accepted or refused at once; one that is neither waits in somebody's full queue. */
const CONNECT_MS = 500
/** How long a server may be silent before its connection is closed all the same, in ms. */
const FAREWELL_MS = 100
/** Between two looks at who accepts, in ms. */
const STEADY_MS = 100

/** `silent`: something is there and has not accepted in time. */
type Reception = 'accepted' | 'refused' | 'silent'

/**
 * Whether connections to the port are accepted, and go on being accepted: development servers listen for a moment to
 * see whether a port is free, before they listen for good.
 */
export async function isAccepting(port: number): Promise<boolean> {
  if (!(await isAccepted(port))) return false
  await pause(STEADY_MS)
  return isAccepted(port)
}

const isAccepted = async (port: number): Promise<boolean> => (await receptions(port)).includes('accepted')

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
      cancel()
      socket.destroy()
      resolve(reception)
    }
    let cancel = afterHearing(CONNECT_MS, () => settle('silent'))
    const refuse = (): void => settle('refused')
    socket.once('error', refuse)
    socket.once('connect', () => {
      cancel()
      socket.off('error', refuse)
      // A port of the ephemeral range can be given to the connection itself: it is then connected to itself, and nobody
      // listens (a simultaneous open, RFC 9293, 3.5).
      const reception = socket.localPort === port ? 'refused' : 'accepted'
      // Taking leave, and taking what the server says meanwhile: a connection that is torn down while it writes is an
      // error there, of which a simple server dies.
      cancel = afterHearing(FAREWELL_MS, () => settle(reception))
      for (const event of ['error', 'close']) socket.once(event, () => settle(reception))
      socket.resume().end()
    })
    socket.connect({ host, port })
  })
}

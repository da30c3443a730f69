/** The shim's end of the handshake: what the starter sends, whether it is still there, whether its caller was answered. */
import type { Socket } from 'node:net'
import { CONFIRMATION, parseLine, type StartAnswer, type StartMessage } from './handshake.js'

export class Starter {
  /** Null where the starter died, or sent what is no message. */
  readonly message: Promise<StartMessage | null>
  /** False where the starter died before its caller was answered. */
  readonly confirmed: Promise<boolean>
  readonly #socket: Socket
  #is_gone = false

  constructor(socket: Socket) {
    this.#socket = socket
    let heard: (message: StartMessage | null) => void = () => {}
    let settled: (confirmed: boolean) => void = () => {}
    this.message = new Promise(resolve => {
      heard = resolve
    })
    this.confirmed = new Promise(resolve => {
      settled = resolve
    })
    let text = ''
    let has_spoken = false
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      text += chunk
      const end = has_spoken ? -1 : text.indexOf('\n')
      if (end >= 0) {
        has_spoken = true
        heard(parseLine<StartMessage>(text.slice(0, end)))
        text = text.slice(end + 1)
      }
      if (has_spoken && text.startsWith(CONFIRMATION)) settled(true)
    })
    const gone = (): void => {
      this.#is_gone = true
      heard(null)
      settled(false)
    }
    for (const event of ['end', 'error', 'close']) socket.on(event, gone)
    // Once answered, only the run keeps us alive.
    void this.message.then(() => socket.unref())
  }

  get is_gone(): boolean {
    return this.#is_gone
  }

  answer(answer: StartAnswer): void {
    this.#socket.write(`${JSON.stringify(answer)}\n`)
    if ('failed' in answer) this.#socket.end()
  }

  close(): void {
    this.#socket.destroy()
  }
}

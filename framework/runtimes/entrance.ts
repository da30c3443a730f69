/** Where a starter waits for the shim that tmux starts for it: a socket in the run's directory. */
import { chmodSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { startSocket } from '../shim/start-socket.js'
import type { StateRoot } from '../store/state-root.js'

export class Entrance {
  readonly #server: Server
  readonly #close: () => void
  #caller: Socket | null = null
  #called: () => void = () => {}

  private constructor(server: Server, close: () => void) {
    this.#server = server
    this.#close = close
    server.on('connection', socket => {
      // A second one comes only where a first window was closed again.
      this.#caller = socket
      socket.once('close', () => {
        if (this.#caller === socket) this.#caller = null
      })
      this.#called()
    })
  }

  /** @throws NodeJS.ErrnoException */
  static async open(root: StateRoot, run_id: string): Promise<Entrance> {
    const { path, close } = startSocket(root, run_id)
    const server = createServer()
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(path, resolve)
      })
      chmodSync(path, 0o600)
    } catch (error) {
      close()
      throw error
    }
    return new Entrance(server, close)
  }

  /** Who has called and is still there. */
  get caller(): Socket | null {
    return this.#caller
  }

  /** Resolves at the next call. */
  get call(): Promise<void> {
    return new Promise(resolve => {
      this.#called = resolve
    })
  }

  /** Nobody else can call; who has called stays connected. */
  close(): void {
    // Node unlinks the socket here, so the path must still lead to it.
    this.#server.close()
    this.#close()
  }
}

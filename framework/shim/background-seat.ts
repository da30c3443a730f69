/** A program in the background: no terminal, a session of its own, its output straight in the log. */
import { closeSync } from 'node:fs'
import { Socket } from 'node:net'
import { openForWriting } from '../runs/own-log.js'
import type { Seat } from './own.js'

/** The socket to the starter. */
export const HANDSHAKE_DESCRIPTOR = 3

export const BACKGROUND_SEAT: Seat = {
  connect: () => new Socket({ fd: HANDSHAKE_DESCRIPTOR, readable: true, writable: true }),
  take(root, { run_id }, { environment }) {
    const log = openForWriting(root, run_id)
    return {
      options: { environment, stdio: ['ignore', log, log] },
      release: () => closeSync(log),
    }
  },
  is_tried_again: true,
  left_to_program: [],
  leave: async () => {},
}

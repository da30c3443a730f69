/**
 * A program in a pane of its session's terminal server: the shim is the pane's first process, and the program shares
 * its session and group, so that the terminal's keys reach it. Its output comes into the log through the terminal.
 */
import { connect } from 'node:net'
import { leaveServer } from '../runs/terminal-server.js'
import type { Seat } from './own.js'
import { drainPane } from './pane-log.js'
import { startSocket } from './start-socket.js'

/** Of the terminal that the program is on, whatever its caller was on. */
const OF_THE_PANE = ['TERM', 'TMUX', 'TMUX_PANE'] as const

export const PANE_SEAT: Seat = {
  connect(root, run_id) {
    const { path, close } = startSocket(root, run_id)
    const socket = connect(path)
    socket.once('connect', close).once('error', close)
    return socket
  },
  take(root, intent, { environment, umask }) {
    // The server's is that of whoever started the session's first run.
    if (umask !== undefined) process.umask(umask)
    const of_pane = OF_THE_PANE.flatMap(name => {
      const value = process.env[name]
      return value === undefined ? [] : [[name, value] as const]
    })
    return {
      options: {
        environment: { ...environment, ...Object.fromEntries(of_pane) },
        stdio: ['inherit', 'inherit', 'inherit'],
        shares_session: true,
        drain: () => drainPane(root, intent.run_id),
      },
      release: () => {},
    }
  },
  is_tried_again: false,
  left_to_program: ['SIGINT', 'SIGQUIT', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU'],
  leave: async ({ terminal, marker }) => {
    if (terminal) await leaveServer(terminal, marker)
  },
}

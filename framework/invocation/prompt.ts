/** `ctx.prompt`: one question to the person at the terminal, and a failure where nobody is there (REQ-F-009, REQ-C-005). */
import type { AbortOnDemand } from '../process/abort-on-demand.js'
import { FrameworkExit } from './framework-exit.js'
import type { Io } from './io.js'

/** Asks on stderr, for stdout belongs to the answer; takes the line without its end. */
export type Prompt = (question: string, options: { readonly suggestion: string }) => Promise<string>

/**
 * @param args those of the call: `--yes` answers every question, `--non-interactive` none
 * @param stop ends a question that waits
 */
export function promptFor(io: Io, args: Readonly<Record<string, unknown>>, stop: AbortOnDemand): Prompt {
  return async (question, { suggestion }) => {
    if (args['yes'] === true) return 'yes'
    const refuse = (message: string) =>
      new FrameworkExit('PRECONDITION', 'INPUT_REQUIRED', message, { suggestion, fix_required: suggestion })
    // Never block on an input that nobody types into, nor ask where nobody sees it (contract B-03).
    const terminal = io.stdin_is_tty && io.stdout_is_tty && io.stderr_is_tty
    if (!terminal || args['non-interactive'] === true) throw refuse(`an answer is needed: ${question}`)
    const line = process.stdin.readableEnded ? null : await readLine(question, io, stop.signal)
    if (line === null) throw refuse(`the input ended before an answer to: ${question}`)
    return line
  }
}

/** The terminal itself edits the line and turns ^C into a signal. @returns null at the end of the input */
function readLine(question: string, io: Io, signal: AbortSignal): Promise<string | null> {
  io.write_stderr(`${question} `)
  const lines = process
    .getBuiltinModule('node:readline')
    .createInterface({ input: process.stdin, terminal: false, signal })
  return new Promise(resolve => {
    lines.once('line', line => {
      resolve(line)
      lines.close()
    })
    lines.once('close', () => resolve(null))
  })
}

/**
 * What becomes of stdin, stdout and stderr at our exit. Node puts each of them that it found to be a terminal back as it
 * found it, and aborts where it cannot, for the terminal was closed (measured on Node 20: SIGABRT, or SIGSEGV while it
 * looks where it was). So something else is opened in its place right before. Left closed it would hang koffi, which
 * syncs stdout and stderr.
 */
import { closeSync, openSync } from 'node:fs'
import { isTerminal, mayBeTerminal } from './terminal-descriptor.js'

/** A terminal that was closed is nobody's to put back. One that is there Node puts back. */
export function leaveClosedTerminals(): void {
  process.on('exit', () => leaveEach(descriptor => mayBeTerminal(descriptor) && !isTerminal(descriptor)))
}

/** No terminal is put back: what a program of ours did to its settings outlives it, as it does without us. */
export function keepTerminals(): void {
  process.on('exit', () => leaveEach(mayBeTerminal))
}

function leaveEach(isLeft: (descriptor: number) => boolean): void {
  for (const descriptor of [0, 1, 2].filter(isLeft)) {
    closeSync(descriptor)
    // Gets the lowest free number (open(2)), and Node makes sure at its start that the other two are open.
    openSync('/dev/null', 'r+')
  }
}

/**
 * What a program does to the settings of its terminal outlives it, as it does without us: at its exit Node puts every
 * terminal that is still open as stdin, stdout or stderr back as it found it, so something else is opened in its place
 * right before. Left closed it would hang koffi, which syncs stdout and stderr at the exit.
 */
import { closeSync, openSync } from 'node:fs'

export function keepTerminal(): void {
  process.on('exit', () => {
    const { isatty } = process.getBuiltinModule('node:tty')
    for (const descriptor of [0, 1, 2].filter(isatty)) {
      closeSync(descriptor)
      // Gets the lowest free number (open(2)), and Node makes sure at its start that the other two are open.
      openSync('/dev/null', 'r+')
    }
  })
}

/**
 * What a program does to the settings of its terminal outlives it, as it does without us: at its exit Node puts every
 * terminal that is still open as stdin, stdout or stderr back as it found it, so these are closed right before.
 */
import { closeSync } from 'node:fs'

export function keepTerminal(): void {
  process.on('exit', () => {
    const { isatty } = process.getBuiltinModule('node:tty')
    for (const descriptor of [0, 1, 2]) if (isatty(descriptor)) closeSync(descriptor)
  })
}

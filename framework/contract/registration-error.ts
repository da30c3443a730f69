/** The one error of a tool whose contracts are refused: it carries everything that is wrong with any of them. */
import type { Violation } from './violation.js'

export class RegistrationError extends Error {
  readonly violations: readonly Violation[]

  /** @param violations at least one, of any number of commands */
  constructor(violations: readonly Violation[]) {
    const commands = new Set(violations.map(violation => violation.command)).size
    const lines = violations.map(lineOf)
    super(`${count(violations.length, 'violation')} in ${count(commands, 'command')}:\n${lines.join('\n')}`)
    this.name = 'RegistrationError'
    this.violations = violations
  }
}

function lineOf({ code, command, place, message, fix }: Violation): string {
  const where = [command || 'the tool', place].filter(part => part !== '').join(': ')
  return `  ${code} ${where}: ${message} ${fix}`
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

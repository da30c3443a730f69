/** The one error of a tool whose contracts are refused: it carries everything that is wrong with any of them. */
import type { Violation } from './violation.js'

export class RegistrationError extends Error {
  readonly violations: readonly Violation[]

  /** @param violations at least one, of any number of commands */
  constructor(violations: readonly Violation[]) {
    const named = new Set(violations.map(violation => violation.command))
    const is_tool = named.delete('')
    const where = [
      ...(is_tool ? ['the tool'] : []),
      ...(named.size > 0 ? [count(named.size, 'command')] : []),
    ]
    const lines = violations.map(lineOf)
    super(`${count(violations.length, 'violation')} in ${where.join(' and ')}:\n${lines.join('\n')}`)
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

/**
 * What ends a process behind a call's back: an error that nobody catches, `process.exit` in a handler, a promise that
 * nothing is left to settle. Each becomes a cut like any other, so that the call still tears down and answers
 * (REQ-F-004).
 */
import { CapabilityError } from './framework-exit.js'
import type { Accident, Interruption } from './interruption.js'
import { withoutTrace } from './outcome.js'

/**
 * From now on an accident cuts the call short instead of ending the process.
 * @returns the real `process.exit`, for the one place that ends the process
 */
export function catchAccidents(interruption: Interruption): (code: number) => never {
  const exit = process.exit.bind(process)
  process.on('uncaughtException', thrown => interruption.interrupt(uncaught(thrown)))
  // Emitted when the event loop is empty, before Node gives up on a promise that is still awaited.
  process.on('beforeExit', () => interruption.interrupt(NEVER_SETTLED))
  process.exit = code => {
    const message = `the command called process.exit(${code ?? ''}), which would have left its call unanswered`
    const fix_required = 'return the answer, or throw ctx.exit.NAME(…) with an exit that the contract declares'
    interruption.interrupt({ kind: 'accident', code: 'PROCESS_EXIT', message, fix_required })
    throw new CapabilityError('PROCESS_EXIT', message, fix_required)
  }
  return exit
}

const NEVER_SETTLED: Accident = {
  kind: 'accident',
  code: 'NEVER_SETTLED',
  message: 'the command waits for a promise that nothing is left to settle',
  fix_required: 'settle every promise that execute awaits, also when what it waits for has ended',
}

function uncaught(thrown: unknown): Accident {
  const error = thrown instanceof Error ? thrown : null
  return {
    kind: 'accident',
    code: 'UNCAUGHT_ERROR',
    message: `an error was thrown where nobody catches it: ${withoutTrace(thrown)}`,
    fix_required: 'await everything that the command begins, and handle the errors of its streams and timers',
    ...(error?.stack === undefined ? {} : { trace: error.stack }),
  }
}

/** Failures that the framework itself answers with, whatever a contract declares: its codes are the same in every tool. */
import { EXIT_CODES, type StandardExitName } from '../contract/exit-codes.js'
import { CommandExit, type ExitDetails } from './command-exit.js'

export class FrameworkExit extends CommandExit {
  /**
   * @param exit_name the exit of the standard table
   * @param code `error.code`, UPPER_SNAKE
   */
  constructor(
    exit_name: StandardExitName,
    code: string,
    message: string,
    details: Omit<ExitDetails, 'code'> = {},
  ) {
    super(exit_name, EXIT_CODES[exit_name], message, { ...details, code })
    this.name = 'FrameworkExit'
  }
}

/** The exit of a program that could not be executed: 126 and 127, which belong to wrappers and no command can declare. */
export class ProgramExit extends FrameworkExit {
  override readonly exit_code: 126 | 127

  constructor(exit_code: 126 | 127, code: string, message: string, details: Omit<ExitDetails, 'code'> = {}) {
    super('GENERAL_ERROR', code, message, details)
    this.exit_code = exit_code
  }
}

/** A handler reached for something that its contract does not declare; a defect of the tool, with its fix. */
export class CapabilityError extends FrameworkExit {
  constructor(code: string, message: string, fix_required: string) {
    super('GENERAL_ERROR', code, message, { fix_required })
    this.name = 'CapabilityError'
  }
}

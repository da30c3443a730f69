/** The program that a handler asks for: argv, working directory, environment. From JavaScript anything can come. */
import { resolve } from 'node:path'
import { FrameworkExit } from './framework-exit.js'

/** A program that can be started. */
export interface ProgramRequest {
  readonly argv: readonly [string, ...string[]]
  /** Absolute. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Says what is wrong with which option of the handler's call. */
export type Refusal = (message: string, option: string) => FrameworkExit

/**
 * @param capability what the handler called, such as `ctx.run`
 * @param code of all its refusals
 */
export function refusalOf(capability: string, code: string): Refusal {
  return (message, option) =>
    new FrameworkExit('GENERAL_ERROR', code, `${capability}: ${message}`, {
      fix_required: `mend ${option} where the command calls ${capability}`,
    })
}

/**
 * @param cwd the call's working directory, absolute
 * @throws what `refused` makes
 */
export function programRequest(
  argv: readonly string[],
  options: Partial<Pick<ProgramRequest, 'cwd' | 'env'>>,
  cwd: string,
  refused: Refusal,
): ProgramRequest {
  const { env = {} } = options
  if (!isCommandLine(argv))
    throw refused('argv must be a list of strings without NUL, the program first', 'argv')
  if (options.cwd !== undefined && !isText(options.cwd))
    throw refused('cwd must be a path without NUL', 'cwd')
  if (typeof env !== 'object' || env === null) throw refused('env must be an object of strings', 'env')
  for (const [name, value] of Object.entries(env)) {
    const is_name = name !== '' && !name.includes('=') && isText(name)
    if (!is_name || (value !== undefined && !isText(value)))
      throw refused(`env must map names to strings without NUL; ${JSON.stringify(name)} does not`, 'env')
  }
  return { argv, cwd: resolve(cwd, options.cwd ?? '.'), env }
}

export const isText = (value: unknown): value is string => typeof value === 'string' && !value.includes('\0')

function isCommandLine(argv: unknown): argv is readonly [string, ...string[]] {
  return Array.isArray(argv) && argv.every(isText) && argv.length > 0 && argv[0] !== ''
}

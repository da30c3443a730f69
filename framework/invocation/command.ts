/** A command as a tool holds it, its types erased: what `defineCommand` returns and an invocation calls. */
import type { CommandContract } from '../contract/declaration.js'
import type { BaseContext } from './context.js'

/** A command as the registry holds it: a contract and its functions, types erased. */
export interface Command extends CommandContract {
  // Methods, not properties: their parameters are compared bivariantly, so every typed command is a Command.
  execute(args: Readonly<Record<string, unknown>>, ctx: BaseContext): Promise<unknown>
  validate?(args: Readonly<Record<string, unknown>>, ctx: ValidationContext): readonly ArgumentError[]
}

/** One thing that is wrong with the input, found in phase 1. */
export interface ArgumentError {
  /** The flag or positional, by its wire name. */
  readonly param: string
  readonly message: string
}

/** What a command's own check of its input may see: nothing that can be changed. */
export interface ValidationContext {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
}

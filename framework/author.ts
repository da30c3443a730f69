/** All that a command file needs: `defineCommand` and the types and codes that a contract is written with. */
import type {
  Arguments,
  CheckedExitCodes,
  CheckedFlags,
  CommandContract,
  DangerLevel,
  Flags,
  Positionals,
} from './contract/declaration.js'
import type { ExitCodes } from './contract/exit-codes.js'
import type { FromSchema, JsonSchema } from './contract/json-schema.js'
import type { ArgumentError, Command, ValidationContext } from './invocation/command.js'
import type { Context } from './invocation/context.js'

export type { RunReport, RunTemplate } from '../schemas/generated/types.js'
export { parseDuration } from './argv/durations.js'
export { isSecretName } from './argv/secret-names.js'
export type {
  CommandContract,
  DangerLevel,
  EnvVarDeclaration,
  ExampleDeclaration,
  FlagDeclaration,
  FlagType,
  PatternType,
  PositionalDeclaration,
} from './contract/declaration.js'
export { EXIT_CODES as ExitCode, type ExitCodeDeclaration, type SideEffects } from './contract/exit-codes.js'
export { GLOBAL_OPTIONS_WITH_VALUE } from './contract/global-flags.js'
export type { FromSchema, JsonSchema } from './contract/json-schema.js'
export type { ArgumentError, Command, ValidationContext } from './invocation/command.js'
export { CommandExit, type ExitDetails } from './invocation/command-exit.js'
export type {
  Background,
  BackgroundOptions,
  BackgroundRun,
  BaseContext,
  Foreground,
  ForegroundOptions,
  HeldResource,
  LiveRun,
  RecordedRun,
  Resource,
  ResourceEnd,
  RunOptions,
  RunResult,
  Runs,
} from './invocation/context.js'
export { faultyRunNames, RUN_PATTERN } from './invocation/run-names.js'
export type { StopOutcome, StopResult } from './runs/stop-result.js'

type BackgroundFields<B extends boolean> = B extends true
  ? {
      readonly spawns_background_process: true
      /** The path of a registered command that takes `--run` and `--session`; the built-in `stop` does. */
      readonly cleanup_command: string
      /** 1 to 31536000. */
      readonly max_lifetime_seconds: number
    }
  : {
      readonly spawns_background_process?: false
      readonly cleanup_command?: never
      readonly max_lifetime_seconds?: never
    }

type DeclaredParts<
  F extends Flags,
  P extends Positionals,
  E extends ExitCodes,
  D extends DangerLevel,
  B extends boolean,
  I extends boolean,
  S extends boolean,
  O extends JsonSchema,
  R extends FromSchema<O>,
> = Omit<
  CommandContract,
  | 'flags'
  | 'positionals'
  | 'exit_codes'
  | 'danger_level'
  | 'interactive'
  | 'delegates_stdio'
  | 'output_schema'
  | 'spawns_background_process'
  | 'cleanup_command'
  | 'max_lifetime_seconds'
> & {
  readonly flags: F & CheckedFlags<F>
  readonly positionals?: P
  readonly exit_codes: E & CheckedExitCodes<E>
  readonly danger_level: D
  readonly interactive?: I
  readonly delegates_stdio?: S
  readonly output_schema: O
  readonly spawns_background_process?: B
  /** Phase 1: a check of the input beyond what the contract can say. Synchronous, without side effects (REQ-C-006). */
  validate?(args: Arguments<F, P>, ctx: ValidationContext): readonly ArgumentError[]
  /** Phase 2: the work. Fails by throwing `ctx.exit.NAME(…)`. */
  execute(args: Arguments<F, P>, ctx: Context<E, D, B, I, S>): Promise<R>
} & BackgroundFields<B>

/**
 * Declares a command: one literal, from which the types of its arguments, exits and capabilities follow.
 * It checks nothing at run time; the registry does, for all commands at once.
 * @returns the same object, its types erased to what a registry holds
 */
export function defineCommand<
  const F extends Flags,
  const E extends ExitCodes,
  const D extends DangerLevel,
  const O extends JsonSchema,
  const P extends Positionals = readonly [],
  const B extends boolean = false,
  const I extends boolean = false,
  const S extends boolean = false,
  // Inferred by itself, so that `effect: 'updated'` in an answer stays what it is and needs no `as const`.
  const R extends FromSchema<O> = FromSchema<O>,
>(command: DeclaredParts<F, P, E, D, B, I, S, O, R>): Command {
  return command
}

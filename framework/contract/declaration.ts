/**
 * What an author declares, in the wire's own names, and the types that follow from one literal of it.
 * The manifest is a projection of these objects; nothing here knows how a command is called.
 */
import type { ExitCodeDeclaration, ExitCodes, StandardExitName } from './exit-codes.js'
import type { FromSchema, JsonSchema } from './json-schema.js'

export type DangerLevel = 'safe' | 'mutating' | 'destructive'
export type PatternType = 'alphanumeric_id' | 'uuid' | 'semver' | 'filepath' | 'url'
export type FlagType = 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'enum' | 'object'

/** An environment variable that gives a flag its value, in order of precedence. */
export interface EnvVarDeclaration {
  readonly name: string
  readonly description?: string
  readonly deprecated?: boolean
}

/** One flag of a command (FlagEntry of the manifest). */
export interface FlagDeclaration {
  readonly type: FlagType
  readonly description: string
  /** False where left out. */
  readonly required?: boolean
  readonly default?: unknown
  /** The values of an `enum` (strings) or of an `integer` (integers). */
  readonly enum_values?: readonly (string | number)[]
  /** One character. */
  readonly short?: string
  /** An anchored regular expression for a string; never together with `pattern_type`. */
  readonly pattern?: string
  readonly pattern_type?: PatternType
  readonly env_vars?: readonly EnvVarDeclaration[]
  /** Required for `object`; for `array` it describes the whole array. */
  readonly schema?: JsonSchema
}

/** One positional argument (PositionalEntry of the manifest). */
export interface PositionalDeclaration {
  readonly name: string
  readonly type: 'string' | 'integer' | 'number' | 'enum'
  readonly description: string
  /** False where left out; none may follow an optional one. */
  readonly required?: boolean
  readonly enum_values?: readonly string[]
  /** Only the last one: takes all that remains, as a list. */
  readonly variadic?: boolean
}

export interface ExampleDeclaration {
  readonly description: string
  /** A whole command line that begins with the tool's name; parsed and validated at registration. */
  readonly command: string
}

/** A path that a command writes beside its answer (REQ-C-011); `cleanup` removes those of type temp, cache and log. */
export interface FilesystemSideEffect {
  /** Absolute, or beginning with `~/`. */
  readonly path: string
  readonly type: 'cache' | 'log' | 'temp' | 'credential' | 'config' | 'output'
  /** Never on `output`. */
  readonly ttl_seconds?: number
  /** A command line that removes it; never on `output`. */
  readonly clearable_with?: string
}

export type Flags = Readonly<Record<string, FlagDeclaration>>
export type Positionals = readonly PositionalDeclaration[]

/** The declared part of a command: everything but its functions. This is what is digested, compiled and shown. */
export interface CommandContract {
  /** The command's path, its words separated by single spaces: `deploy rollback`. */
  readonly name: string
  readonly description: string
  readonly danger_level: DangerLevel
  readonly required_scopes: readonly string[]
  readonly flags: Flags
  readonly positionals?: Positionals
  readonly exit_codes: ExitCodes
  readonly output_schema: JsonSchema
  /** `MAJOR.MINOR` of the output (REQ-F-022); 1.0 where left out. */
  readonly schema_version?: string
  readonly examples?: readonly ExampleDeclaration[]
  readonly aliases?: readonly string[]
  /** Rerunning it converges (REQ-C-002). */
  readonly idempotent?: boolean
  /** May ask a person on a terminal; brings `ctx.prompt`, `--yes` and `--non-interactive` (REQ-C-005). */
  readonly interactive?: boolean
  /** Wall-clock limit of one call, in seconds; 0 for none; the framework's default where left out (REQ-F-011). */
  readonly timeout_seconds?: number
  /**
   * Runs one program in the foreground: stdin, stdout, stderr, the terminal, signals and the exit code are the
   * program's. Brings `ctx.foreground`; the answer is the program's report, on stderr.
   */
  readonly delegates_stdio?: boolean
  /** The three fields of a background command: all or none (REQ-C-010). */
  readonly spawns_background_process?: boolean
  readonly cleanup_command?: string
  readonly max_lifetime_seconds?: number
  /** Tokens after the flags go to the handler verbatim, as positionals, from the first positional on. */
  readonly option_placement?: 'any' | 'strict'
  readonly platform?: readonly string[]
  readonly filesystem_side_effects?: readonly FilesystemSideEffect[]
}

type Simplify<T> = { [K in keyof T]: T[K] } & {}

type FlagValue<F extends FlagDeclaration> = F extends { type: 'boolean' }
  ? boolean
  : F extends { enum_values: readonly (infer V)[] }
    ? V
    : F extends { type: 'integer' | 'number' }
      ? number
      : F extends { type: 'array'; schema: infer S }
        ? FromSchema<S>
        : F extends { type: 'array' }
          ? readonly string[]
          : F extends { type: 'object'; schema: infer S }
            ? FromSchema<S>
            : string

type FlagArgument<F extends FlagDeclaration> = F extends
  | { required: true }
  | { default: NonNullable<unknown> }
  | { type: 'boolean' | 'array' }
  ? FlagValue<F>
  : FlagValue<F> | undefined

type PositionalValue<P extends PositionalDeclaration> = P extends { enum_values: readonly (infer V)[] }
  ? V
  : P extends { type: 'integer' | 'number' }
    ? number
    : string

type PositionalArgument<P extends PositionalDeclaration> = P extends { variadic: true }
  ? readonly PositionalValue<P>[]
  : P extends { required: true }
    ? PositionalValue<P>
    : PositionalValue<P> | undefined

/** What a handler gets as `args`: one property per declared flag and positional, by its wire name. */
export type Arguments<F extends Flags, P extends Positionals> = Simplify<
  { readonly [K in keyof F]: FlagArgument<F[K]> } & {
    readonly [E in P[number] as E['name']]: PositionalArgument<E>
  }
>

/** What a part of a literal says beyond what can be declared there: nothing may stand in it. */
type Undeclared<T, Known> = { readonly [K in Exclude<keyof T, keyof Known>]: never }

type FlagNeeds<F> = F extends { type: 'boolean' }
  ? { readonly default?: boolean }
  : F extends { type: 'integer' }
    ? { readonly default?: number; readonly enum_values?: readonly number[] }
    : F extends { type: 'number' }
      ? { readonly default?: number }
      : F extends { type: 'enum' }
        ? { readonly default?: string; readonly enum_values: readonly string[] }
        : F extends { type: 'object' }
          ? { readonly schema: JsonSchema }
          : F extends { type: 'string' }
            ? { readonly default?: string }
            : unknown

/** `flags` of a literal: no unknown keys, and what each type needs. The rules of registration say the rest. */
export type CheckedFlags<F extends Flags> = {
  readonly [K in keyof F]: FlagDeclaration & FlagNeeds<F[K]> & Undeclared<F[K], FlagDeclaration>
}

type ExitNumber<K> = string extends K
  ? unknown
  : K extends StandardExitName
    ? { readonly code?: never }
    : { readonly code: number }

/** `exit_codes` of a literal: success is there, standard names bring their number, own names must give one. */
export type CheckedExitCodes<E extends ExitCodes> = {
  readonly [K in keyof E]: ExitCodeDeclaration & ExitNumber<K> & Undeclared<E[K], ExitCodeDeclaration>
} & { readonly SUCCESS: ExitCodeDeclaration & { readonly retryable: false } }

/** Flags and positionals in yargs' words, for its help; and its switches, set so that it reads a line as we do. */
import type { Options, ParserConfigurationOptions, PositionalOptions } from 'yargs'
import type { FlagDeclaration, PositionalDeclaration } from '../framework/contract/declaration.js'

type Described = Pick<FlagDeclaration | PositionalDeclaration, 'description' | 'type' | 'enum_values'>

/** Turns off what yargs guesses: camel-case twins, dots, merged repeats, numbers read from text. */
export const YARGS_PARSING: Partial<ParserConfigurationOptions> = {
  'camel-case-expansion': false,
  'dot-notation': false,
  'duplicate-arguments-array': true,
  'greedy-arrays': false,
  'parse-numbers': false,
  'parse-positional-numbers': false,
  'populate--': false,
  'short-option-groups': false,
  'sort-commands': false,
}

export function yargsOption(flag: FlagDeclaration): Options {
  return {
    type: flag.type === 'boolean' ? 'boolean' : flag.type === 'array' ? 'array' : 'string',
    describe: described(flag, [
      ...(flag.required === true ? ['required'] : []),
      ...defaultHint(flag.default),
      ...(flag.env_vars ?? []).map(({ name }) => `env ${name}`),
    ]),
    // Numbers stay text: their grammar is ours, and yargs would read 0x10.
    string: flag.type !== 'boolean',
    ...(flag.short === undefined ? {} : { alias: flag.short }),
    ...(flag.required === true ? { demandOption: true } : {}),
    ...(flag.enum_values === undefined ? {} : { choices: flag.enum_values.map(String) }),
    ...(flag.default === undefined || flag.default === null ? {} : { default: flag.default }),
    requiresArg: flag.type !== 'boolean',
  }
}

export function yargsPositional(positional: PositionalDeclaration): PositionalOptions {
  return {
    type: 'string',
    describe: described(positional, []),
    ...(positional.enum_values === undefined ? {} : { choices: positional.enum_values }),
  }
}

/** `<run>`, `[run]`, `<argv..>`: a positional in a usage line. */
export function positionalPlace({ name, required, variadic }: PositionalDeclaration): string {
  const inner = variadic === true ? `${name}..` : name
  return required === true ? `<${inner}>` : `[${inner}]`
}

/** What a value may be stands behind the description, in one form for all. */
function described(declared: Described, more: readonly string[]): string {
  const { description, type, enum_values } = declared
  const kind = enum_values ? enum_values.join('|') : type === 'boolean' || type === 'string' ? null : type
  const hints = kind === null ? more : [kind, ...more]
  return hints.length === 0 ? description : `${description} [${hints.join(', ')}]`
}

function defaultHint(value: unknown): string[] {
  return value === undefined || value === null || value === false ? [] : [`default ${shown(value)}`]
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

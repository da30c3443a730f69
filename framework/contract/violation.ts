/** What a registration rule says, and what it is given: the vocabulary that all rules share. */
import type { CommandContract, Flags } from './declaration.js'
import type { PlainObject } from './plain-data.js'
import type { ToolIdentity } from './registry.js'
import type { SchemaCompiler } from './schema-compiler.js'

/** One thing that is wrong with one contract. */
export interface Violation {
  /** Stable, UPPER_SNAKE. */
  readonly code: string
  /** The command's path; `#3` where the third command has no usable name; empty for the tool itself. */
  readonly command: string
  /** Where in the contract, dotted: `flags.dir.default`; empty for the whole. */
  readonly place: string
  /** One sentence: what is wrong. */
  readonly message: string
  /** One sentence: what to write instead. */
  readonly fix: string
}

export type Finding = Omit<Violation, 'command'>

/** One command under examination. Its data may have any shape: what has the wrong one is reported elsewhere. */
export interface Subject {
  readonly label: string
  /** The declared name, null where it is no string. */
  readonly name: string | null
  readonly builtin: boolean
  readonly has_execute: boolean
  /** The key of the route table that led here. */
  readonly route: string | null
  readonly data: PlainObject
}

/** The part of a contract that arguments are parsed by, found sound. */
export type InputDeclaration = Pick<
  CommandContract,
  'flags' | 'positionals' | 'option_placement' | 'examples' | 'danger_level' | 'interactive'
>

/** What a command takes, its brought flags included; null where its declaration is not sound. */
export type InputOf = (command: Subject) => InputDeclaration | null

export interface RuleContext {
  readonly tool: ToolIdentity
  readonly globals: Flags
  /** All commands, in the order of registration. */
  readonly subjects: readonly Subject[]
  /** By path; an author's command stands before a built-in of the same name. */
  readonly by_name: ReadonlyMap<string, Subject>
  /** Alias to path. */
  readonly aliases: ReadonlyMap<string, string>
  readonly schemas: SchemaCompiler
}

/** Reads one contract, and the others where it must; reports and changes nothing. */
export type Rule = (command: Subject, context: RuleContext) => Iterable<Finding>

/** Reads what the tool says of itself. */
export type ToolRule = (tool: ToolIdentity) => Iterable<Finding>

/** Runs after the other rules: it parses command lines by declarations that these found sound. */
export type ParsingRule = (command: Subject, context: RuleContext, input_of: InputOf) => Iterable<Finding>

/** What finding a command is asked, and what it answers. */
import type { Flags } from '../contract/declaration.js'
import type { ArgumentContract } from './request.js'

export interface ResolveRequest {
  /** The tool's name, for suggestions. */
  readonly tool: string
  readonly argv: readonly string[]
  /** Registered paths, their words separated by single spaces. */
  readonly paths: readonly string[]
  /** From alias to path. */
  readonly aliases: ReadonlyMap<string, string>
  readonly globals: Flags
  /** Where the contracts are at hand, suggestions are held to them. */
  readonly contract_of?: (path: string) => ArgumentContract | undefined
}

/** `rest` is argv without the words of the path: what `parseArguments` takes. */
export type Resolution =
  | { readonly kind: 'command'; readonly path: string; readonly rest: readonly string[] }
  /** No word at all. */
  | { readonly kind: 'none'; readonly rest: readonly string[] }
  /** Words that only begin paths: `session`. */
  | { readonly kind: 'group'; readonly prefix: string; readonly rest: readonly string[] }
  | UnknownCommand

/** What is said of it is for `explainUnknown`, which few calls need. */
export interface UnknownCommand {
  readonly kind: 'unknown'
  /** What nobody knows, as it was written. */
  readonly words: readonly string[]
  readonly rest: readonly string[]
  /** By their places in argv: the words that name no command, those of them that do begin one; or a misplaced option. */
  readonly fault:
    | { readonly written: readonly number[]; readonly group: readonly number[] }
    | { readonly stray: number }
}

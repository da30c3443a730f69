/** All accepted contracts of a tool, as argument parsing and the manifest read them: data only, nothing to execute. */
import type { CommandContract } from './declaration.js'

/** Who the tool is; `prefix` is what its environment variables begin with, `MY_TOOL_`. */
export interface ToolIdentity {
  readonly name: string
  readonly version: string
  readonly description: string
  readonly prefix: string
}

export interface RegisteredCommand {
  readonly contract: CommandContract
  /** True for what the framework mounts into every tool. */
  readonly builtin: boolean
}

/** Keys of `commands` are paths with single spaces, in the order of their names. */
export interface Registry {
  readonly tool: ToolIdentity
  readonly commands: ReadonlyMap<string, RegisteredCommand>
}

/**
 * The prefix of a tool's environment variables: upper case, every other character an underscore (contract E-07).
 * @returns such as `MY_TOOL_` for `my-tool`
 */
export function environmentPrefix(tool_name: string): string {
  return `${tool_name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}_`
}

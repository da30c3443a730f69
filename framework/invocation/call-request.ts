/** What a call is asked with: by the process that is there for it, or by a program that embeds the tool. */
import type { ToolIdentity } from '../contract/registry.js'
import type { ManifestTarget } from './internals.js'
import type { Interruption } from './interruption.js'
import type { Io } from './io.js'
import type { CommandSource } from './source.js'

export interface CallRequest {
  readonly tool: ToolIdentity
  source(): Promise<CommandSource>
  readonly argv: readonly string[]
  readonly io: Io
  readonly interruption: Interruption
  readonly strict: boolean
  /** The process is there for this call alone. */
  readonly whole_process: boolean
  manifest_target(): ManifestTarget | null
  /** Resolves with what broke the process before a handler ran. */
  readonly broken?: Promise<unknown>
  /**
   * Told when a handler begins: from then on the call itself looks after what breaks.
   * @param compiled whether the tool started from a compiled manifest
   */
  executing?(compiled: boolean): void
  /** Told when the answer begins to be written: from then on a signal ends the process at once. */
  answering?(): void
  /** Told when it has been written: from then on nothing may change the exit code. */
  answered?(): void
  /** Keeps everybody else's writes off stdout, from now on; told each. */
  divert?(noticed: (text: string) => void): void
}

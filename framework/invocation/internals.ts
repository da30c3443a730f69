/** What built-in commands may see of the call beyond their context: they are framework, authors' commands are not. */

import type { RowForPeople } from '../output/layout.js'
import { peekStateRoot, type StateRoot, stateRootPath, stateRootVariable } from '../store/state-root.js'
import type { CallFacts } from './call-facts.js'
import type { ValidationContext } from './command.js'
import type { BaseContext } from './context.js'
import type { Outcome } from './outcome.js'
import type { CommandSource } from './source.js'

export interface Internals {
  readonly facts: CallFacts
  readonly source: CommandSource
  /** Executes another command line of the same tool within this call; its outcome, not its envelope. */
  call(argv: readonly string[]): Promise<Outcome>
  manifest_target(): ManifestTarget | null
  /** Adds members to `meta` of the answer. */
  meta(members: Readonly<Record<string, unknown>>): void
  /** Answers with what the build wrote: JSON text, valid and clean, in place of what the handler returns. */
  prewritten(data_json: string): void
  /** How a row of the answer's list reads on a terminal; every other form keeps the row as it is. */
  forPeople(row: RowForPeople): void
}

/** Where `manifest --write` writes, and under which name. */
export interface ManifestTarget {
  readonly url: URL
  /** False where the definition names no manifest, so that nothing would ever read it. */
  readonly is_read: boolean
}

const known = new WeakMap<BaseContext, Internals>()

export function attachInternals(ctx: BaseContext, internals: Internals): void {
  known.set(ctx, internals)
}

/** @throws Error for a context that no invocation made */
export function internalsOf(ctx: BaseContext): Internals {
  const internals = known.get(ctx)
  if (!internals) throw new Error('this context belongs to no invocation')
  return internals
}

const validating = new WeakMap<ValidationContext, Pick<CallFacts, 'tool' | 'io'>>()

export function attachTool(ctx: ValidationContext, tool: Pick<CallFacts, 'tool' | 'io'>): void {
  validating.set(ctx, tool)
}

/** The state root while input is validated; null also where it cannot be used, which execution then reports. */
export function stateForValidation(ctx: ValidationContext): StateRoot | null {
  const known_tool = validating.get(ctx)
  if (!known_tool) return null
  const { tool, io } = known_tool
  try {
    return peekStateRoot(stateRootPath(tool, io.env), stateRootVariable(tool))
  } catch {
    return null
  }
}

/**
 * The state root for reading: null where nothing was ever recorded.
 * @throws StateDirUnavailable where it is there but cannot be trusted
 */
export function recordedState(ctx: BaseContext): StateRoot | null {
  const { tool, io } = internalsOf(ctx).facts
  return peekStateRoot(stateRootPath(tool, io.env), stateRootVariable(tool))
}

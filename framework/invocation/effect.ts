/** What a command that changes things says it did: `data.effect` (REQ-C-003, REQ-C-004, contract B-04). */
import type { CommandContract } from '../contract/declaration.js'
import { FrameworkExit } from './framework-exit.js'

const EFFECTS = new Set<unknown>(['created', 'updated', 'deleted', 'noop'])
const PREVIEWS = new Set<unknown>(['would_create', 'would_update', 'would_delete', 'would_noop'])

/**
 * Holds an answer to its danger level: a mutating command says what it did, a dry run what it would have done.
 * @returns what is wrong, or null
 */
export function checkEffect(contract: CommandContract, dry_run: boolean, data: object): FrameworkExit | null {
  if (contract.danger_level === 'safe') return null
  const effect: unknown = 'effect' in data ? data.effect : undefined
  const allowed = dry_run ? PREVIEWS : EFFECTS
  if (allowed.has(effect)) return dry_run ? checkPreview(contract, data) : null
  return new FrameworkExit(
    'GENERAL_ERROR',
    'EFFECT_MISSING',
    `${contract.name} changes things and does not say what it ${dry_run ? 'would do' : 'did'}`,
    { fix_required: `return effect: ${[...allowed].join(' | ')}`, context: { effect: effect ?? null } },
  )
}

/** A preview of something destructive names what would be lost (REQ-C-004). */
function checkPreview(contract: CommandContract, data: object): FrameworkExit | null {
  const affected: unknown = 'would_affect' in data ? data.would_affect : undefined
  if (contract.danger_level !== 'destructive' || (typeof affected === 'object' && affected !== null))
    return null
  return new FrameworkExit(
    'GENERAL_ERROR',
    'PREVIEW_INCOMPLETE',
    `${contract.name} is destructive and its preview does not say what it would affect`,
    { fix_required: 'return would_affect, an object that names what a call without --dry-run would change' },
  )
}

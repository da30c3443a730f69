/** Destructive commands act only when told so twice: without `--confirm-destructive` the answer is a preview (REQ-O-021). */
import type { CommandContract } from '../contract/declaration.js'
import type { Outcome } from './outcome.js'

/** `missing`: the handler is asked for a dry run, and its answer becomes the refusal. */
export type Confirmation = 'not_needed' | 'given' | 'missing'

export function confirmationOf(
  { danger_level }: CommandContract,
  args: Readonly<Record<string, unknown>>,
): Confirmation {
  if (danger_level !== 'destructive' || args['dry-run'] === true) return 'not_needed'
  return args['confirm-destructive'] === true ? 'given' : 'missing'
}

/** The outcome as the caller gets it. A preview that failed stays the failure that it is. */
export function confirmed(outcome: Outcome, confirmation: Confirmation, contract: CommandContract): Outcome {
  if (confirmation === 'given') return { ...outcome, meta: { ...outcome.meta, confirmed: true } }
  if (confirmation === 'not_needed' || outcome.exit_code !== 0) return outcome
  const { data } = outcome
  const would_affect = data && 'would_affect' in data ? data.would_affect : null
  return {
    ...outcome,
    exit_code: 2,
    error: {
      code: 'CONFIRMATION_REQUIRED',
      message: `${contract.name} is destructive and was not confirmed; data shows what it would do`,
      retryable: false,
      phase: 'validation',
      fix_required: 'look at the preview, then call again with --confirm-destructive',
      context: { danger_level: contract.danger_level, would_affect },
    },
  }
}

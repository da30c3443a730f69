/** Exit code entries that the built-in commands share: one meaning, one wording. */
export const STATE_UNAVAILABLE = {
  description: 'The state directory cannot be used',
  retryable: false,
  side_effects: 'none',
  error_codes: ['STATE_DIR_UNAVAILABLE'],
} as const

export const RUN_NOT_FOUND = {
  description: 'No run has this id',
  retryable: false,
  side_effects: 'none',
  error_codes: ['RUN_NOT_FOUND'],
} as const

export const SURVIVORS = {
  description: 'Some processes are still alive; the answer lists them',
  retryable: false,
  side_effects: 'partial',
  error_codes: ['SURVIVORS'],
} as const

export const OWNER_HUNG = {
  description: 'The process that holds the run does not answer',
  retryable: false,
  side_effects: 'partial',
  error_codes: ['OWNER_HUNG'],
} as const

export const FOREIGN_RUN = {
  description: 'The run belongs to another host, or its records or the state directory cannot be used',
  retryable: false,
  side_effects: 'none',
  error_codes: ['FOREIGN_RUN', 'RECORDS_UNUSABLE', 'STATE_DIR_UNAVAILABLE'],
} as const

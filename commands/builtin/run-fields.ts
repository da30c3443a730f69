/** Parts of output schemas that speak of a run, the same wherever one is shown. */

/** What a run can be (design: status). */
export const STATUSES = ['pending', 'running', 'exited', 'failed', 'killed', 'unknown'] as const

export const STATUS = { enum: STATUSES } as const

/** Who holds a run. */
export const OWNER_STATE = { enum: ['alive', 'guard', 'lost', 'foreign', 'unknown', 'none'] } as const

export const NULLABLE_STRING = { type: ['string', 'null'] } as const
export const NULLABLE_INTEGER = { type: ['integer', 'null'] } as const

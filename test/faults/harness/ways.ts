/** The ways in which a program can be run, so that a row of tests is written once for all of them. */
import { describe, inject } from 'vitest'

const METHODS = ['subreaper', 'snapshot'] as const
export type Method = (typeof METHODS)[number]

/** A command in the foreground, a background run, a tracked child of a handler. */
export type Verb = 'run' | 'start' | 'ctx.run'

export interface Way<T extends string = Verb> {
  readonly verb: T
  readonly method: Method
}

/**
 * @param verbs those above, or whatever else has to be tried with both methods
 * @param rows defines the tests of one way; a method that this machine does not give is skipped by name
 */
export function inEveryWay<T extends string = Verb>(verbs: readonly T[], rows: (way: Way<T>) => void): void {
  for (const verb of verbs)
    for (const method of METHODS) {
      // Several runs share the process that holds tracked children, so those are followed by looking alone.
      if (verb === 'ctx.run' && method === 'subreaper') continue
      const is_given = method === 'snapshot' || inject('has_subreaper')
      const name = `${verb}, ${method}${is_given ? '' : ', which this machine does not give'}`
      describe.skipIf(!is_given)(name, () => rows({ verb, method }))
    }
}

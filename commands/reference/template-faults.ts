/** What is wrong with a template whichever command reads it: values that no run can have, options that exclude each other. */
import type { RunTemplate } from '../../framework/author.js'
import { DURATION, durationProblem, NAME } from './program-options.js'

/** The options that win over those of a template; each command has some of them. */
export interface WinningOptions {
  readonly mode?: string | undefined
  readonly grace?: string | undefined
  readonly linger?: string | undefined
  readonly 'kill-after'?: string | undefined
  readonly 'max-lifetime'?: string | undefined
  readonly name?: string | undefined
}

/**
 * Everything at fault that no option given sets right. A command refuses also what it has no use for itself: the template
 * would be refused by the other one, and nobody prepared it to mean nothing.
 */
export const templateFaults = (template: RunTemplate, given: WinningOptions): readonly string[] => [
  ...durationFaults(template, given),
  ...modeFaults(template, given),
  ...nameFaults(template, given),
]

function durationFaults(template: RunTemplate, given: WinningOptions): string[] {
  const durations = [
    ['grace', template.grace, given.grace],
    ['linger', template.linger, given.linger],
    ['kill_after', template.kill_after, given['kill-after']],
    ['max_lifetime', template.max_lifetime, given['max-lifetime']],
  ] as const
  return durations.flatMap(([option, prepared, wins]) => {
    const problem = prepared === undefined || wins !== undefined ? null : durationProblem(prepared, DURATION)
    return problem ? [`${option} ${problem}`] : []
  })
}

/** A mode given on the command line can make a template whole, but not break one that was. */
function modeFaults({ mode = 'strict-run', grace, linger }: RunTemplate, given: WinningOptions): string[] {
  const wins = given.mode ?? mode
  if (mode !== wins) return []
  if (mode === 'strict-run' && linger !== undefined)
    return ['linger needs mode follow-descendants; strict-run waits for grace']
  if (mode === 'follow-descendants' && grace !== undefined)
    return ['grace is for mode strict-run; follow-descendants waits for linger']
  return []
}

const nameFaults = ({ name }: RunTemplate, given: WinningOptions): string[] =>
  name === undefined || given.name !== undefined || NAME.test(name) ? [] : [`name must match ${NAME.source}`]

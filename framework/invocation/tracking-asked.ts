/** `<P>TRACKING`: the lesser tracking method on request, to see what it makes of a program, or to go round a defect. */
import type { RunIntent } from '../runs/records.js'
import type { CallFacts } from './call-facts.js'
import { FrameworkExit } from './framework-exit.js'

export const trackingVariable = (tool: { readonly prefix: string }): string => `${tool.prefix}TRACKING`

/**
 * @returns undefined for the best method that this machine gives
 * @throws FrameworkExit `TRACKING_UNKNOWN`
 */
export function trackingAsked({ tool, io }: CallFacts): RunIntent['tracking'] {
  const variable = trackingVariable(tool)
  const asked = io.env[variable]
  if (asked === undefined || asked === '' || asked === 'subreaper') return undefined
  if (asked === 'snapshot') return asked
  throw new FrameworkExit('ARG_ERROR', 'TRACKING_UNKNOWN', `${variable} names no tracking method: ${asked}`, {
    fix_required: `unset ${variable}, or set it to snapshot`,
  })
}

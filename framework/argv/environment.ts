/** The value that the environment gives to a flag which the command line leaves out. */
import { type Findings, misfitFault } from './faults.js'
import type { KnownFlag } from './flag-lookup.js'
import { type Reading, readJson, readValue, shapeOf } from './values.js'

/**
 * Reads the first of the flag's variables that is set and not empty; the declared order is the precedence (REQ-F-073).
 * A boolean takes true, false, 1 or 0; an array takes JSON, or plain items between commas.
 * @returns null where none is set; a value of undefined where it is at fault, and then the fault is among the findings
 */
export function readEnvironment(
  flag: KnownFlag,
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
  findings: Findings,
): { readonly value: unknown } | null {
  for (const { name } of flag.declaration.env_vars ?? []) {
    const text = env[name]
    if (text === undefined || text === '') continue
    const reading = read(flag, text, cwd)
    if (reading.fits) return { value: reading.value }
    const place = { field: flag.name, param: `--${flag.name}`, subject: `The environment variable ${name}` }
    findings.faults.push(misfitFault(place, text, reading))
    return { value: undefined }
  }
  return null
}

function read(flag: KnownFlag, text: string, cwd: string): Reading {
  const { declaration } = flag
  const shape = shapeOf(declaration)
  if (declaration.type === 'boolean')
    return readValue(text === '1' ? 'true' : text === '0' ? 'false' : text, shape, cwd)
  if (declaration.type !== 'array') return readValue(text, shape, cwd)
  if (text.startsWith('[')) return readJson(text, 'array')
  const values: unknown[] = []
  for (const item of text.split(',')) {
    const reading = readValue(item, shape, cwd)
    if (!reading.fits) return reading
    values.push(reading.value)
  }
  return { fits: true, value: values }
}

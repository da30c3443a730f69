/** The value that a command line gives to one flag, however often it is repeated there. */
import { type Findings, misfitFault, type Repair } from './faults.js'
import { type KnownFlag, takesValue } from './flag-lookup.js'
import type { GivenOption } from './scan.js'
import { isSecretName } from './secret-names.js'
import { readValue, shapeOf } from './values.js'

/**
 * Reads all occurrences of a flag: arrays accumulate, a scalar may be repeated with the same value only (REQ-F-067).
 * @returns the value; undefined where it is at fault, and then the fault is among the findings
 */
export function readGiven(
  flag: KnownFlag,
  options: readonly GivenOption[],
  cwd: string,
  findings: Findings,
): unknown {
  const values: unknown[] = []
  let faulty = false
  for (const option of options) {
    const value = readOne(flag, option, cwd, findings)
    if (value === undefined) faulty = true
    else values.push(value)
  }
  if (faulty) return undefined
  if (flag.declaration.type === 'array') return values
  const [first, ...repeats] = values
  if (repeats.every(value => JSON.stringify(value) === JSON.stringify(first))) return first
  findings.faults.push({
    field: flag.name,
    param: `--${flag.name}`,
    code: 'ARG_ERROR',
    message: `--${flag.name} is given more than once, with different values`,
    ...(isSecretName(flag.name) ? {} : { value: options.map(written).join(' ') }),
  })
  return undefined
}

function readOne(flag: KnownFlag, option: GivenOption, cwd: string, findings: Findings): unknown {
  const param = `--${flag.name}`
  const fault = (message: string) => {
    findings.faults.push({ field: flag.name, param, code: 'ARG_ERROR', message })
    return undefined
  }
  if (option.negated)
    return option.value === null
      ? false
      : fault(`${option.written} takes no value; leave it out or write ${param}`)
  if (option.value === null)
    return takesValue(flag)
      ? fault(`${param} needs a value; one that begins with a dash is written ${param}=<value>`)
      : true
  const reading = readValue(option.value, shapeOf(flag.declaration), cwd)
  if (reading.fits) return reading.value
  findings.faults.push(misfitFault({ field: flag.name, param, subject: param }, option.value, reading))
  if (reading.instead !== undefined) findings.repairs.push(repair(option, param, reading.instead))
  return undefined
}

function repair({ index, size }: GivenOption, param: string, instead: string): Repair {
  return { index, size, instead: [param, instead] }
}

function written(option: GivenOption): string {
  return option.value === null ? option.written : `${option.written}=${option.value}`
}

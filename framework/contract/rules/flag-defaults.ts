/** The default of a flag: one that could be given on the command line. */
import { readValue, type ValueShape } from '../../argv/values.js'
import { isList, isPlainObject, objectMembers, type Plain, type PlainObject, shown } from '../plain-data.js'
import type { Rule, RuleContext } from '../violation.js'
import { patternFault } from './flag-patterns.js'

export const flagDefaults: Rule = function* (command, context) {
  for (const [name, flag] of objectMembers(command.data['flags'])) {
    const value = flag['default']
    const place = `flags.${name}.default`
    if (value === undefined) continue
    if (flag['required'] === true) {
      yield {
        code: 'REQUIRED_WITH_DEFAULT',
        place,
        message: 'A required flag is always given, so its default is never used.',
        fix: 'Leave out `required` or `default`.',
      }
    }
    const misfit = defaultMisfit(value, flag, context)
    if (misfit !== null) {
      yield {
        code: 'DEFAULT_MISFIT',
        place,
        message: `${shown(value)} is no value of this flag: it ${misfit}.`,
        fix: 'Give a default that could be given on the command line, or leave it out.',
      }
    }
  }
}

function defaultMisfit(value: Plain, flag: PlainObject, context: RuleContext): string | null {
  const { type, schema } = flag
  if (value === null) return 'cannot be null, which stands for nothing given'
  switch (type) {
    case 'boolean':
      return typeof value === 'boolean' ? null : 'must be true or false'
    case 'integer':
    case 'number':
      return typeof value === 'number'
        ? textMisfit(value, flag)
        : `must be a ${type === 'integer' ? 'whole ' : ''}number`
    case 'string':
    case 'enum':
      return typeof value === 'string' ? textMisfit(value, flag) : 'must be text'
    case 'array':
      if (!isList(value)) return 'must be a list'
      if (isPlainObject(schema)) return schemaMisfit(value, schema, context)
      return value.every(item => typeof item === 'string') ? null : 'must be a list of text'
    case 'object':
      if (!isPlainObject(value)) return 'must be an object'
      return isPlainObject(schema) ? schemaMisfit(value, schema, context) : null
    default:
      return null
  }
}

/** Reads the default as the same text on a command line would be read. */
function textMisfit(value: string | number, flag: PlainObject): string | null {
  const shape = shapeOf(flag)
  if (shape === null) return null
  const reading = readValue(String(value), shape, '/')
  return reading.fits ? null : reading.problem
}

function shapeOf({ type, enum_values, pattern, pattern_type }: PlainObject): ValueShape | null {
  if (type !== 'string' && type !== 'enum' && type !== 'integer' && type !== 'number') return null
  const choices = isList(enum_values)
    ? enum_values.filter(value => typeof value === 'string' || typeof value === 'number')
    : undefined
  const usable = typeof pattern === 'string' && patternFault(pattern) === null
  return {
    type,
    ...(choices === undefined ? {} : { enum_values: choices }),
    ...(usable ? { pattern } : {}),
    ...(isPatternType(pattern_type) ? { pattern_type } : {}),
  }
}

function isPatternType(value: Plain | undefined): value is NonNullable<ValueShape['pattern_type']> {
  const types: readonly unknown[] = [
    'alphanumeric_id',
    'uuid',
    'semver',
    'filepath',
    'url',
  ] satisfies NonNullable<ValueShape['pattern_type']>[]
  return types.includes(value)
}

function schemaMisfit(value: Plain, schema: PlainObject, context: RuleContext): string | null {
  if (context.schemas.faults(schema).length > 0) return null
  const [mismatch] = context.schemas.mismatches(schema, value)
  return mismatch === undefined ? null : `does not fit its schema: ${mismatch}`
}

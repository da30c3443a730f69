/** A command that changes something says in its answer what it has done (REQ-C-003). */
import { isList, isPlainObject, type Plain } from '../plain-data.js'
import type { Finding, Rule } from '../violation.js'

const EFFECTS = ['created', 'updated', 'deleted', 'noop']
const PREVIEWS = ['would_create', 'would_update', 'would_delete', 'would_noop']
const VALUES = `${EFFECTS.join(', ')}, and for a dry run ${PREVIEWS.join(', ')}`
const EXAMPLE = "effect: { enum: ['updated', 'noop'] }"

export const effect: Rule = function* (command) {
  const level = command.data['danger_level']
  const schema = command.data['output_schema']
  if ((level !== 'mutating' && level !== 'destructive') || !isPlainObject(schema)) return
  const properties = schema['properties']
  const declared = isPlainObject(properties) ? properties['effect'] : undefined
  if (!isPlainObject(declared)) {
    yield {
      code: 'EFFECT_MISSING',
      place: 'output_schema.properties.effect',
      message: `A ${level} command says what it has done.`,
      fix: `Add ${EXAMPLE} to \`properties\` and 'effect' to \`required\`; the values are ${VALUES}.`,
    }
    return
  }
  yield* effectValues(declared['const'] === undefined ? declared['enum'] : [declared['const']])
  const { required } = schema
  if (!isList(required) || !required.includes('effect')) {
    yield {
      code: 'EFFECT_NOT_REQUIRED',
      place: 'output_schema.required',
      message: 'An answer without `effect` would fit the schema.',
      fix: "Add 'effect' to `required` of the output schema.",
    }
  }
}

function* effectValues(values: Plain | undefined): Iterable<Finding> {
  const place = 'output_schema.properties.effect'
  if (!isList(values) || values.length === 0) {
    yield {
      code: 'EFFECT_VALUES_MISSING',
      place,
      message: 'It does not say which effects the command can have.',
      fix: `List them: ${EXAMPLE}.`,
    }
    return
  }
  for (const value of values) {
    if (typeof value === 'string' && [...EFFECTS, ...PREVIEWS].includes(value)) continue
    yield {
      code: 'EFFECT_VALUE_INVALID',
      place: `${place}.enum`,
      message: `${JSON.stringify(value)} is no effect.`,
      fix: `Use ${VALUES}; details belong into other properties.`,
    }
  }
  if (!values.some(value => typeof value === 'string' && EFFECTS.includes(value))) {
    yield {
      code: 'EFFECT_VALUES_MISSING',
      place: `${place}.enum`,
      message: 'It has values for a dry run only.',
      fix: `Add what the command does when it is no dry run: ${EFFECTS.join(', ')}.`,
    }
  }
}

/** What a danger level obliges to: an effect in the answer, and a dry run before something is destroyed (REQ-C-003, REQ-C-004). */
import { isList, isPlainObject, type Plain } from '../plain-data.js'
import type { Finding, Rule } from '../violation.js'

const EFFECTS = ['created', 'updated', 'deleted', 'noop']
const PREVIEWS = ['would_create', 'would_update', 'would_delete', 'would_noop']
const VALUES = `${EFFECTS.join(', ')}, and for a dry run ${PREVIEWS.join(', ')}`
const EXAMPLE = "effect: { enum: ['updated', 'noop'] }"

export const dryRun: Rule = function* (command) {
  if (command.data['danger_level'] !== 'destructive') return
  const flags = command.data['flags']
  const flag = isPlainObject(flags) && Object.hasOwn(flags, 'dry-run') ? flags['dry-run'] : undefined
  if (flag === undefined) {
    yield {
      code: 'DRY_RUN_MISSING',
      place: 'flags.dry-run',
      message: 'A destructive command can be asked what it would do.',
      fix: "Declare 'dry-run': { type: 'boolean', description: '…' } and obey `ctx.dryRun`.",
    }
  } else if (isPlainObject(flag) && flag['type'] !== 'boolean') {
    yield {
      code: 'DRY_RUN_NOT_BOOLEAN',
      place: 'flags.dry-run.type',
      message: '--dry-run is given without a value.',
      fix: "Make it `type: 'boolean'`.",
    }
  }
}

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

/** Run templates: what a user prepared under a name, loaded whole or refused with everything that is wrong with it. */
import type { RunTemplate } from '../../schemas/generated/types.js'
import validate from '../../schemas/generated/validate-run-template.js'
import { nearest } from '../argv/suggest.js'
import {
  complaintOf,
  essentialErrors,
  placeOf,
  type SchemaError,
  textParam,
} from '../contract/schema-error.js'
import { type Environment, readPrivately, templateDirectory, templateFiles } from './template-place.js'
import { TemplateRefused } from './template-refused.js'

export type { RunTemplate } from '../../schemas/generated/types.js'
export { TemplateRefused } from './template-refused.js'

/** What a template can be called. */
const TEMPLATE_NAME_PATTERN = '^[a-z0-9][a-z0-9-]{0,63}$'

const TEMPLATE_NAME = new RegExp(TEMPLATE_NAME_PATTERN)
const DURATIONS = new Set(['grace', 'linger', 'kill_after', 'max_lifetime'])
/** Names that a refusal lists. */
const LISTED = 20

/**
 * Loads `<config home>/<tool>/templates/<name>.json`.
 * @param env of the call: XDG_CONFIG_HOME and HOME say where the configuration home is
 * @throws TemplateRefused
 */
export function loadTemplate(tool: { readonly name: string }, env: Environment, name: string): RunTemplate {
  if (!TEMPLATE_NAME.test(name)) throw nameInvalid(name)
  const directory = templateDirectory(tool.name, env)
  const file = readPrivately(directory, name)
  if (!file) throw notFound(directory, name)
  const value = parsed(file)
  if (validate(value) && value.argv[0] !== '') return value
  throw invalid(file.path, faultsOf(value))
}

/** The names of the templates that there are, sorted; whether they can be used shows when they are loaded. */
export const templateNames = (tool: { readonly name: string }, env: Environment): string[] =>
  namesIn(templateDirectory(tool.name, env))

const namesIn = (directory: string): string[] =>
  templateFiles(directory).filter(name => TEMPLATE_NAME.test(name))

function parsed({ path, text }: { path: string; text: string }): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw invalid(path, [`it is not JSON: ${error instanceof Error ? error.message : String(error)}`])
  }
}

/** Everything that is wrong. The validator stops at a fault, so what is at fault is taken out and the rest read again. */
function faultsOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return ['it must be an object']
  const faults: string[] = []
  const rest = new Map<string, unknown>(Object.entries(value))
  for (let left = rest.size; left >= 0; left -= 1) {
    if (validate(Object.fromEntries(rest))) break
    for (const error of essentialErrors(validate.errors)) {
      faults.push(`${placeOf(error)} ${complaint(error)}`)
      rest.delete(memberOf(error))
    }
    if (!rest.has('argv')) rest.set('argv', ['true'])
  }
  const argv = rest.get('argv')
  return Array.isArray(argv) && argv[0] === '' ? [...faults, 'argv.0 must name a program'] : faults
}

/** The member of the template that an error is about. */
function memberOf(error: SchemaError): string {
  const [, member] = error.instancePath.split('/')
  if (member !== undefined) return member.replaceAll('~1', '/').replaceAll('~0', '~')
  return textParam(error, 'additionalProperty') ?? textParam(error, 'missingProperty') ?? ''
}

function complaint(error: SchemaError): string {
  const place = placeOf(error)
  if (error.keyword !== 'pattern') return complaintOf(error)
  return DURATIONS.has(place)
    ? 'must be a duration such as 500ms, 60s, 2m or 1h'
    : 'must not be empty or hold a NUL'
}

const nameInvalid = (name: string): TemplateRefused =>
  new TemplateRefused(
    'TEMPLATE_NAME_INVALID',
    `no template can be called ${JSON.stringify(name.slice(0, 80))}`,
    {
      context: { name: name.slice(0, 80), pattern: TEMPLATE_NAME_PATTERN },
      fix_required: 'a template is named by lower-case letters, digits and hyphens, without a path',
    },
  )

function notFound(directory: string, name: string): TemplateRefused {
  const known = namesIn(directory)
  const meant = nearest(name, known, 1)[0]
  const shown = known.length === 0 ? 'there is none yet' : `there are ${known.slice(0, LISTED).join(', ')}`
  return new TemplateRefused('TEMPLATE_NOT_FOUND', `no template is called ${name}; ${shown}`, {
    context: {
      name,
      directory,
      known: known.slice(0, LISTED),
      ...(meant === undefined ? {} : { nearest: meant }),
    },
    fix_required:
      meant === undefined
        ? `write ${directory}/${name}.json`
        : `name ${meant}, or write ${directory}/${name}.json`,
  })
}

const invalid = (path: string, faults: readonly string[]): TemplateRefused =>
  new TemplateRefused('TEMPLATE_INVALID', `${path}: ${faults.join('; ')}`, {
    context: { path, faults },
    fix_required: 'mend what the faults name; only argv is required',
  })

/** The schema of what a command really answers: what its author declares, and what the framework adds. */
import type { CommandContract } from '../framework/contract/declaration.js'
import type { JsonSchema } from '../framework/contract/json-schema.js'
import report from '../schemas/run-report.json' with { type: 'json' }

/** What the framework adds to the answer of a background command (REQ-C-010); a handler can neither omit nor forge it. */
const BACKGROUND_FIELDS = {
  background_pid: { type: 'integer', minimum: 1, description: 'Main process of the run' },
  cleanup_command: { type: 'string', description: 'Ends the run, as it stands' },
  pid_file: { type: 'string', description: 'Main processes of the session, one pid a line' },
  run_id: { type: 'string', pattern: '^[0-9a-f]{12}$', description: 'The run that was started' },
  session_id: { type: 'string', description: 'The session that the run belongs to' },
  log_path: { type: 'string', description: 'Where the run writes its stdout and stderr' },
} as const satisfies Record<string, JsonSchema>

const BACKGROUND = { properties: BACKGROUND_FIELDS, required: Object.keys(BACKGROUND_FIELDS) }

/** What it adds to the answer of a command whose exit code is a program's. */
const REPORT = { properties: report.properties, required: report.required } satisfies JsonSchema

/** What a dry run answers: it starts nothing, and has nothing to name. */
const PREVIEW = {
  properties: { effect: { enum: ['would_create', 'would_update', 'would_delete', 'would_noop'] } },
  required: ['effect'],
} as const satisfies JsonSchema

/**
 * The declared output schema; for a background command with the framework's own fields, all required but in a dry run.
 */
export function answeredSchema(contract: CommandContract): JsonSchema {
  const declared = contract.output_schema
  const brought = broughtBy(contract)
  if (!brought) return declared
  const added = brought.required
  const schema = {
    ...declared,
    type: 'object',
    properties: { ...declared.properties, ...brought.properties },
  }
  if (contract.danger_level !== 'safe' && Object.hasOwn(contract.flags, 'dry-run'))
    return { ...schema, allOf: [...listOf(declared['allOf']), { anyOf: [{ required: added }, PREVIEW] }] }
  return { ...schema, required: [...new Set([...(declared.required ?? []), ...added])] }
}

function broughtBy(contract: CommandContract): typeof REPORT | typeof BACKGROUND | null {
  if (contract.delegates_stdio === true) return REPORT
  return contract.spawns_background_process === true ? BACKGROUND : null
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

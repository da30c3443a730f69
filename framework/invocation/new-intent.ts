/** The intent of a run started by this call: who starts what, where, for how long, and how it is ended. */
import { self } from '../process/identity.js'
import { RECORD_VERSION, type RunIntent } from '../runs/records.js'
import { newRunId } from '../store/ids.js'
import type { CallFacts } from './call-facts.js'
import { spelled } from './spelled-command.js'
import { trackingAsked } from './tracking-asked.js'

/** Tracked children write no log. */
const NO_LOG_BYTES = 0

export interface IntentOptions {
  readonly kind: RunIntent['kind']
  /** When tracking ends, of a foreground run. */
  readonly mode?: RunIntent['mode']
  /** Which adapter holds the run; left out for what is told by its kind alone. */
  readonly runtime?: string
  readonly argv: readonly [string, ...string[]]
  /** Absolute. */
  readonly cwd: string
  readonly name: string | null
  readonly is_name_unique?: boolean
  readonly ready?: NonNullable<RunIntent['ready']>
  readonly bound_to?: NonNullable<RunIntent['bound_to']>
  readonly max_lifetime_ms: number | null
  readonly grace_ms: number
  /** What its log may take on disk; left out for what writes none. */
  readonly log_max_bytes?: number
  /** The command path that ends the run; null for tracked children, which end with the call. */
  readonly cleanup_command: string | null
}

/** @returns a complete intent with a new run id; the environment marker is the run id under the tool's own name */
export function newIntent(facts: CallFacts, options: IntentOptions): RunIntent {
  const { tool } = facts
  const run_id = newRunId()
  const { kind, cwd, name, is_name_unique, ready, bound_to } = options
  const tracking = trackingAsked(facts)
  return {
    schema_version: RECORD_VERSION,
    run_id,
    kind,
    tool: tool.name,
    tool_version: tool.version,
    command: facts.command.replaceAll(' ', '.'),
    argv: [...options.argv],
    cwd,
    session_id: facts.session_id,
    request_id: facts.request_id,
    trace_id: facts.trace_id,
    name,
    ...(is_name_unique === true ? { is_name_unique } : {}),
    ...(ready ? { ready } : {}),
    ...(bound_to ? { bound_to } : {}),
    runtime: options.runtime ?? (kind === 'background' ? 'background' : 'foreground'),
    mode: options.mode ?? null,
    created_at: new Date().toISOString(),
    limits: {
      max_lifetime_ms: options.max_lifetime_ms,
      grace_ms: options.grace_ms,
      log_max_bytes: options.log_max_bytes ?? NO_LOG_BYTES,
    },
    cleanup_command:
      options.cleanup_command === null ? null : cleanupCommandLine(facts, options.cleanup_command, run_id),
    parent_run_id: parentRun(facts),
    ...(tracking ? { tracking } : {}),
    marker: { name: `${tool.prefix}RUN_ID`, value: run_id },
    starter: self(),
  }
}

/** The command line as the record keeps it: the tool by its name. */
const cleanupCommandLine = (facts: CallFacts, path: string, run_id: string): string =>
  `${facts.tool.name} ${path} --session ${facts.session_id} --run ${run_id}`

/** The same as an answer gives it: runs as it stands in the caller's shell, and ends exactly this run (contract A-09). */
export const runnableCleanupCommand = (facts: CallFacts, path: string, run_id: string): string =>
  spelled(facts, cleanupCommandLine(facts, path, run_id))

/** What every program of a run finds in its environment beside what its starter gives it. */
export function runEnvironment(facts: CallFacts, intent: RunIntent): Record<string, string> {
  return {
    [`${facts.tool.prefix}SESSION_ID`]: intent.session_id,
    [intent.marker.name]: intent.marker.value,
    ...(intent.trace_id === null ? {} : { TOOL_TRACE_ID: intent.trace_id }),
  }
}

function parentRun(facts: CallFacts): string | null {
  const outer = facts.io.env[`${facts.tool.prefix}RUN_ID`]
  return outer !== undefined && /^[0-9a-f]{12}$/.test(outer) ? outer : null
}

/** A base environment and what a caller adds to it; undefined takes a name away. */
export function mergeEnvironment(
  ...layers: readonly Readonly<Record<string, string | undefined>>[]
): Record<string, string> {
  const merged: Record<string, string> = {}
  for (const layer of layers) {
    for (const [name, value] of Object.entries(layer)) {
      if (value === undefined) delete merged[name]
      else merged[name] = value
    }
  }
  return merged
}

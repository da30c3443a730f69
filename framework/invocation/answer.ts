/** The last phase: an outcome becomes one envelope, rendered and written once (REQ-F-004). */
import type { ResponseEnvelope } from '../../schemas/generated/types.js'
import type { ToolIdentity } from '../contract/registry.js'
import { colourAllowed } from '../output/color.js'
import { buildEnvelope } from '../output/envelope.js'
import type { OutputFormat } from '../output/format.js'
import { render } from '../output/render.js'
import { monotonicMs } from '../process/clock.js'
import { FrameworkExit } from './framework-exit.js'
import type { Io } from './io.js'
import { failure, type Outcome } from './outcome.js'
import type { Verbosity } from './settings.js'
import { withoutTrace } from './thrown.js'

/** What every answer of a call says about the call itself. */
export interface CallMeta {
  readonly tool: ToolIdentity
  readonly request_id: string
  readonly trace_id: string | null
  /** Path with spaces; empty for the tool itself. */
  readonly command: string
  readonly schema_version: string
  readonly timeout_ms: number
  readonly cwd: string
  /** ISO 8601. */
  readonly started_at: string
  /** `monotonicMs()` at entry. */
  readonly started_ms: number
}

/** Characters of stray output that the warning shows. */
export const MAX_STRAY = 1_000

/**
 * @param stray what anybody but the framework wrote to stdout
 * @throws whatever a getter of the data throws
 */
export function envelopeOf(outcome: Outcome, call: CallMeta, stray: string): ResponseEnvelope {
  const { tool, trace_id } = call
  return buildEnvelope({
    exit_code: outcome.exit_code,
    data: outcome.data,
    error: outcome.error,
    warnings: [...outcome.warnings, ...strayWarnings(stray)],
    meta: {
      exit_code: outcome.exit_code,
      duration_ms: Math.max(0, Math.round(monotonicMs() - call.started_ms)),
      timeout_ms: call.timeout_ms,
      request_id: call.request_id,
      ...(trace_id === null ? {} : { trace_id }),
      command: call.command === '' ? tool.name : call.command.replaceAll(' ', '.'),
      timestamp: call.started_at,
      schema_version: call.schema_version,
      tool_version: tool.version,
      cwd: call.cwd,
      config_sources: [],
      ...outcome.meta,
    },
  })
}

/** What was written at the build goes into JSON as it is; every other form needs the object. */
export function inFormat(outcome: Outcome, format: OutputFormat): Outcome {
  const { data_json, ...plain } = outcome
  if (data_json === undefined || outcome.exit_code !== 0 || outcome.data === null) return plain
  return format === 'json' ? outcome : { ...plain, data: JSON.parse(data_json) }
}

/** It went to stderr; the answer says so (REQ-F-006). */
function strayWarnings(text: string): Outcome['warnings'] {
  if (text === '') return []
  const message = 'the command wrote to stdout itself; it went to stderr'
  return [{ code: 'THIRD_PARTY_STDOUT', message, context: { text: text.slice(0, MAX_STRAY) } }]
}

/** The answer in place of one that no envelope can be made of. */
export function unsayable(error: unknown): Outcome {
  const message = `the command answered with data that cannot be read: ${withoutTrace(error)}`
  const fix_required = 'return plain data, without getters that throw'
  return failure(
    new FrameworkExit('GENERAL_ERROR', 'DATA_UNREADABLE', message, { fix_required }),
    'execution',
  )
}

/** Said on stderr, where the answer has nowhere else to go: a full disk behind a redirection, a broken descriptor. */
export function unwritable(error: unknown): Outcome {
  return failure(
    new FrameworkExit('GENERAL_ERROR', 'STDOUT_UNWRITABLE', 'the answer could not be written to stdout', {
      cause: withoutTrace(error),
      fix_required: 'give the call a stdout that can be written; a background run that it started was ended',
    }),
    'cleanup',
  )
}

/**
 * Writes the answer: for a program stderr first, so that stdout's end is the end.
 * @throws ReaderGone where nobody reads stdout any more
 */
export async function writeAnswer(
  envelope: ResponseEnvelope,
  format: OutputFormat,
  verbosity: Verbosity,
  io: Io,
  begin: () => void,
  { for_people, data_json }: Pick<Outcome, 'for_people' | 'data_json'>,
): Promise<void> {
  const { env } = io
  const for_a_person = format === 'human'
  const rendered = await render(envelope, format, {
    colour: {
      stdout: for_a_person && colourAllowed({ env, is_tty: io.stdout_is_tty }),
      stderr: for_a_person && colourAllowed({ env, is_tty: io.stderr_is_tty }),
    },
    width: for_a_person ? io.width : 0,
    ...(for_people === undefined ? {} : { for_people }),
    ...(data_json === undefined ? {} : { data_json }),
  })
  const tell = () => {
    if (rendered.stderr !== '' && verbosity !== 'quiet') io.write_stderr(rendered.stderr)
  }
  // A person reads on: what there is to say about a table stands below it.
  if (!for_a_person) tell()
  begin()
  await io.write_stdout(rendered.stdout)
  if (for_a_person) tell()
}

/** The last phase: an outcome becomes one envelope, rendered and written once (REQ-F-004). */
import type { ResponseEnvelope } from '../../schemas/generated/types.js'
import type { ToolIdentity } from '../contract/registry.js'
import { colourAllowed } from '../output/color.js'
import { buildEnvelope } from '../output/envelope.js'
import type { OutputFormat } from '../output/format.js'
import { render } from '../output/render.js'
import { monotonicMs } from '../process/clock.js'
import type { Io } from './io.js'
import type { Outcome } from './outcome.js'
import type { Verbosity } from './settings.js'

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
  /** `monotonicMs()` at entry. */
  readonly started_ms: number
}

export function envelopeOf(outcome: Outcome, call: CallMeta): ResponseEnvelope {
  const { tool, trace_id } = call
  return buildEnvelope({
    exit_code: outcome.exit_code,
    data: outcome.data,
    error: outcome.error,
    warnings: outcome.warnings,
    meta: {
      exit_code: outcome.exit_code,
      duration_ms: Math.max(0, Math.round(monotonicMs() - call.started_ms)),
      timeout_ms: call.timeout_ms,
      request_id: call.request_id,
      ...(trace_id === null ? {} : { trace_id }),
      command: call.command === '' ? tool.name : call.command.replaceAll(' ', '.'),
      timestamp: new Date().toISOString(),
      schema_version: call.schema_version,
      tool_version: tool.version,
      cwd: call.cwd,
      config_sources: [],
      ...outcome.meta,
    },
  })
}

/**
 * Writes the answer: stderr first, so that stdout's end is the end.
 * @throws ReaderGone where nobody reads stdout any more
 */
export async function writeAnswer(
  envelope: ResponseEnvelope,
  format: OutputFormat,
  verbosity: Verbosity,
  io: Io,
): Promise<void> {
  const { env } = io
  const rendered = await render(envelope, format, {
    colour: {
      stdout: colourAllowed({ env, is_tty: io.stdout_is_tty }),
      stderr: colourAllowed({ env, is_tty: io.stderr_is_tty }),
    },
    width: io.width,
  })
  if (rendered.stderr !== '' && verbosity !== 'quiet') io.write_stderr(rendered.stderr)
  await io.write_stdout(rendered.stdout)
}

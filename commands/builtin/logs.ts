/** `logs`: what a run wrote. Text and JSON lines are streamed, of any size; an envelope holds the latest lines. Reads only. */
import { existsSync } from 'node:fs'
import { defineCommand } from '../../framework/author.js'
import type { BaseContext } from '../../framework/invocation/context.js'
import { FrameworkExit } from '../../framework/invocation/framework-exit.js'
import { internalsOf } from '../../framework/invocation/internals.js'
import { type OwnedStdout, stdoutOf } from '../../framework/invocation/owned-stdout.js'
import { faultyRunNames } from '../../framework/invocation/run-names.js'
import { spelled } from '../../framework/invocation/spelled-command.js'
import { LogUnreadable } from '../../framework/runs/log-reader/log-file.js'
import { readLog } from '../../framework/runs/log-reader/read-log.js'
import { readTail } from '../../framework/runs/log-reader/tail.js'
import { logPath } from '../../framework/runs/records.js'
import { viewRun } from '../../framework/runs/status.js'
import type { StateRoot } from '../../framework/store/state-root.js'
import { RUN_NOT_FOUND } from './exits.js'
import { answeredLines, LINES_MAX_BYTES } from './log-lines.js'
import { streamLog } from './log-stream.js'
import { namedRun } from './named-run.js'
import { STATUS } from './run-fields.js'
import { streamOf } from './stream.js'

export default defineCommand({
  name: 'logs',
  description: 'Show what a run wrote to stdout and stderr.',
  danger_level: 'safe',
  required_scopes: [],
  flags: {
    follow: { type: 'boolean', short: 'f', description: 'Go on until the run has ended' },
    lines: {
      type: 'integer',
      short: 'n',
      description: 'Begin with so many of the last lines; all of them where it is left out',
    },
  },
  positionals: [
    { name: 'run', type: 'string', required: true, description: 'The run, by id or unique prefix' },
  ],
  exit_codes: {
    SUCCESS: { description: 'The log is shown', retryable: false, side_effects: 'none' },
    PRECONDITION: {
      description: 'The run keeps no log, or it cannot be read',
      retryable: false,
      side_effects: 'none',
      error_codes: ['NO_LOG', 'LOG_UNREADABLE', 'STREAM_UNAVAILABLE', 'STATE_DIR_UNAVAILABLE'],
    },
    NOT_FOUND: RUN_NOT_FOUND,
  },
  output_schema: {
    type: 'object',
    properties: {
      _source: { enum: ['external'] },
      _trusted: { enum: [false] },
      run_id: { type: 'string' },
      status: STATUS,
      lines: {
        type: 'array',
        items: { type: 'string' },
        description: 'The lines, the latest last; not there where they were streamed',
      },
      streamed_bytes: {
        type: 'integer',
        description: 'Bytes of the log that were passed on, where it was streamed',
      },
      streamed_lines: {
        type: ['integer', 'null'],
        description: 'Lines of it; null where bytes were passed on',
      },
    },
    required: ['_source', '_trusted', 'run_id', 'status'],
  },
  timeout_seconds: 0,
  examples: [
    { description: 'The last lines of a run', command: '{tool} logs 3f2a -n 20' },
    { description: 'Watch a run until it ends', command: '{tool} logs 3f2a --follow --format plain' },
  ],
  validate: ({ run, lines = 0 }, ctx) => [
    ...faultyRunNames([run], 'run', ctx),
    ...(lines < 0 ? [{ param: 'lines', message: '--lines must be 0 or more' }] : []),
  ],
  async execute(args, ctx) {
    const { root, run_id } = namedRun(ctx, args.run)
    const asked: Asked = { root, run_id, last_lines: args.lines ?? null, follow: args.follow }
    assertKept(asked)
    try {
      const stdout = streamFor(ctx, args.follow)
      const shown = stdout ? await streamed(ctx, asked, stdout) : await answered(ctx, asked)
      return { _source: 'external', _trusted: false, run_id, status: viewRun(root, run_id).status, ...shown }
    } catch (error) {
      if (!(error instanceof LogUnreadable)) throw error
      const { message, path, errno } = error
      throw ctx.exit.PRECONDITION(message, {
        code: 'LOG_UNREADABLE',
        context: { run_id, path, errno },
        fix_required: 'call as the user who started the run, and leave its records as they are',
      })
    }
  },
})

interface Asked {
  readonly root: StateRoot
  readonly run_id: string
  readonly last_lines: number | null
  readonly follow: boolean
}

/** @returns null where the answer is an envelope */
function streamFor(ctx: BaseContext, follow: boolean): OwnedStdout | null {
  if (follow) return streamOf(ctx, 'logs', 'follow a log')
  const stdout = stdoutOf(ctx)
  return stdout?.format === 'json' ? null : stdout
}

async function streamed(ctx: BaseContext, asked: Asked, stdout: OwnedStdout) {
  const { signal } = ctx
  const pieces = readLog({ ...asked, signal, wait: ms => stdout.idle(ms, signal, asked.root) })
  const { bytes, lines, gaps, cut_lines } = await streamLog(pieces, stdout)
  if (gaps > 0) warnOfGaps(ctx, { gaps })
  if (cut_lines > 0)
    ctx.warn('FIELD_TRUNCATED', 'some lines are too long to be shown whole', {
      field: 'line',
      lines: cut_lines,
    })
  if (lines !== null) internalsOf(ctx).meta({ items_emitted: lines + gaps })
  return { streamed_bytes: bytes, streamed_lines: lines }
}

async function answered(ctx: BaseContext, { root, run_id, last_lines }: Asked) {
  const tail = await readTail(root, run_id, last_lines, LINES_MAX_BYTES)
  const { lines, is_cut, gaps } = answeredLines(tail ?? { pieces: [], is_cut: false })
  if (gaps.length > 0) warnOfGaps(ctx, { gaps })
  if (is_cut) {
    const { facts, meta } = internalsOf(ctx)
    const hint = spelled(facts, `${facts.tool.name} logs ${run_id} --format plain`)
    meta({ truncated: true, returned_count: lines.length, truncation_hint: hint })
    ctx.warn('FIELD_TRUNCATED', `the answer holds only the end of the log; all of it: ${hint}`, {
      field: 'lines',
      returned_bytes: lines.reduce((sum, line) => sum + Buffer.byteLength(line, 'utf8'), 0),
    })
  }
  return { lines }
}

const warnOfGaps = (ctx: BaseContext, context: Readonly<Record<string, unknown>>): void =>
  ctx.warn('LOG_CAPPED', 'the log reached its limit, and a part of it is gone', context)

/** A run whose output went elsewhere has no log, which is something else than an empty one. */
function assertKept({ root, run_id }: Asked): void {
  if (existsSync(logPath(root, run_id))) return
  const { intent, status } = viewRun(root, run_id)
  if (!intent || intent.kind === 'background' || status === 'pending') return
  throw new FrameworkExit('PRECONDITION', 'NO_LOG', `run ${run_id} keeps no log`, {
    context: { run_id, kind: intent.kind },
    fix_required: 'its output went to the call that started it; only background and captured runs keep a log',
  })
}

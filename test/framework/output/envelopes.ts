/** Answers for the tests of this room. */
import { buildEnvelope } from '../../../framework/output/envelope.js'
import type { ErrorDetail, ResponseData, ResponseEnvelope } from '../../../schemas/generated/types.js'

export function success(data: ResponseData, meta: Record<string, unknown> = {}): ResponseEnvelope {
  return buildEnvelope({ exit_code: 0, data, error: null, warnings: [], meta: { duration_ms: 4, ...meta } })
}

export function failure(error: Partial<ErrorDetail> = {}, data: ResponseData = null): ResponseEnvelope {
  return buildEnvelope({
    exit_code: 5,
    data,
    error: { code: 'NOT_FOUND', message: "No run has the id '3f2a'", retryable: false, ...error },
    warnings: [],
    meta: { duration_ms: 4 },
  })
}

/** What `ps` could answer. */
export const RUNS = {
  runs: [
    {
      run_id: '4f2a9c01d3e7',
      name: 'web',
      status: 'running',
      runtime: 'background',
      handle: { pid: 4411, pgid: 4411 },
      exit_code: null,
      signal: null,
      command: ['node', 'server.js', '--port', '8080'],
      restarts: 0,
    },
    {
      run_id: '9b11c0ffee42',
      name: null,
      status: 'failed',
      runtime: 'tmux',
      handle: { pid: 51, pgid: 51 },
      exit_code: 137,
      signal: null,
      command: ['sh', '-c', 'echo "日本"; exit 1'],
      restarts: 12,
    },
  ],
}

/** What `show` could answer. */
export const RECORD = {
  run_id: '4f2a9c01d3e7',
  name: 'web',
  status: 'running',
  exit_code: null,
  command: ['node', 'server.js'],
  tracking: { method: 'subreaper', complete: true },
  timeline: { created_at: '2026-11-20T10:00:00.000Z', started_at: '2026-11-20T10:00:00.004Z' },
  processes: [
    { pid: 4411, cmd: 'node server.js', cpu_percent: 1.5 },
    { pid: 4420, cmd: 'node worker.js\n', cpu_percent: 12 },
  ],
}

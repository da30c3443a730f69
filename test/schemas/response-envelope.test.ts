/** What is an answer: five keys, and an outcome that says the same in every place. */
import { describe, expect, test } from 'vitest'
import type { ErrorDetail, ResponseEnvelope } from '../../schemas/generated/types.js'
import validate from '../../schemas/generated/validate-response-envelope.js'
import { damages } from './damage.js'

const success = {
  ok: true,
  data: { run_id: '0a1b2c3d4e5f' },
  error: null,
  warnings: [
    { code: 'THIRD_PARTY_STDOUT', message: 'Something else wrote to stdout', context: { text: 'hi' } },
  ],
  meta: { exit_code: 0, duration_ms: 12 },
} as const

const error = { code: 'NOT_FOUND', message: 'No run has this id', retryable: false }

const failure = {
  ok: false,
  data: null,
  error,
  warnings: [],
  meta: { exit_code: 5, duration_ms: 3 },
} as const

const accepted = (document: unknown) => {
  const ok = validate(document)
  expect(ok, JSON.stringify(validate.errors)).toBe(true)
}

describe('the outcome', () => {
  test('success is exit 0 without an error, failure any other exit with one', () => {
    accepted(success)
    accepted(failure)
    accepted({ ...failure, meta: { ...failure.meta, exit_code: 255 } })
  })

  test.each([
    ['ok with another exit code', { ...success, meta: failure.meta }],
    ['not ok with exit code 0', { ...failure, meta: success.meta }],
    ['ok with an error', { ...success, error }],
    ['not ok without an error', { ...failure, error: null }],
    ['ok that is no boolean', { ...success, ok: 'true' }],
    ['an exit code beyond 255', { ...failure, meta: { ...failure.meta, exit_code: 256 } }],
    ['a negative exit code', { ...failure, meta: { ...failure.meta, exit_code: -1 } }],
    ['an exit code that is no integer', { ...failure, meta: { ...failure.meta, exit_code: 1.5 } }],
    ['nothing at all', {}],
  ])('%s is refused', (_, document) => {
    expect(validate(document)).toBe(false)
  })

  test('a redirect belongs to exit 13 and to no other', () => {
    const redirect = { command: 'my-tool runs stop', permanent: true, reason: 'renamed' }
    const redirected = { ...failure, error: { ...error, redirect }, meta: { ...failure.meta, exit_code: 13 } }
    accepted(redirected)
    expect(validate({ ...redirected, meta: failure.meta })).toBe(false)
    expect(validate({ ...redirected, error: { ...error, redirect: { ...redirect, until: 'v3' } } })).toBe(
      false,
    )
  })

  test('whoever knows ok knows which of the two it is', () => {
    const codeOf = (envelope: ResponseEnvelope): string | null =>
      envelope.ok ? envelope.error : envelope.error.code
    const documents: unknown[] = [success, failure]
    expect(documents.map(document => (validate(document) ? codeOf(document) : 'refused'))).toEqual([
      null,
      'NOT_FOUND',
    ])
  })
})

describe('the five keys', () => {
  test.each(['ok', 'data', 'error', 'warnings', 'meta'])('%s is never absent', key => {
    for (const envelope of [success, failure]) {
      const { [key as keyof typeof envelope]: _, ...others } = envelope
      expect(validate(others)).toBe(false)
    }
  })

  test('there is no sixth', () => {
    expect(validate({ ...success, status: 'fine' })).toBe(false)
    expect(validate({ ...failure, status: 'bad' })).toBe(false)
  })

  test('data is an object, a list or null, never a scalar', () => {
    for (const data of [{}, [], [1, 'two', null], null]) accepted({ ...success, data })
    for (const data of ['text', 1, true]) expect(validate({ ...success, data })).toBe(false)
    accepted({ ...failure, data: { partial: true } })
  })
})

describe('details', () => {
  test('a warning has a code and a message, and its facts in its context', () => {
    const withWarning = (warning: unknown) => validate({ ...success, warnings: [warning] })
    expect(withWarning({ code: 'FIELD_TRUNCATED', message: 'Cut' })).toBe(true)
    for (const warning of [
      'Cut',
      { message: 'Cut' },
      { code: 'lower', message: 'Cut' },
      { code: 'FIELD_TRUNCATED', message: 'Cut', detail: 'no' },
    ]) {
      expect(withWarning(warning), JSON.stringify(warning)).toBe(false)
    }
    expect(validate({ ...success, warnings: null })).toBe(false)
  })

  test('an error has a code and a message, and is open for the fields of requirements', () => {
    const withError = (detail: unknown) => validate({ ...failure, error: detail })
    const open: ErrorDetail = {
      ...error,
      network_context: { url: 'https://example.org' },
      phase: 'validation',
    }
    expect(withError(open)).toBe(true)
    for (const detail of [
      { message: 'x' },
      { code: 'NOT_FOUND' },
      { ...error, code: 'not-found' },
      { ...error, retryable: 'no' },
      { ...error, retry_after_ms: -1 },
      { ...error, retry_strategy: 'soon' },
      { ...error, phase: 'later' },
      { ...error, context: 'text' },
      { ...error, errors: [{ field: 'dir', message: 'missing' }] },
      [error],
      'NOT_FOUND',
    ]) {
      expect(withError(detail), JSON.stringify(detail)).toBe(false)
    }
  })

  test('all that is wrong with the input is listed in the error and mirrored in meta', () => {
    const errors = [
      { field: 'dir', param: 'dir', code: 'ARG_ERROR', message: '--dir is missing', value: null },
    ]
    accepted({
      ...failure,
      error: { ...error, code: 'ARG_ERROR', phase: 'validation', errors },
      meta: { ...failure.meta, exit_code: 2, errors },
    })
  })

  test('meta is open, but what is typed keeps its type', () => {
    const meta = {
      exit_code: 0,
      duration_ms: 12,
      timeout_ms: 0,
      request_id: 'r',
      command: 'session.stop',
      timestamp: '2026-03-01T00:10:00.000Z',
      schema_version: '1.0',
      tool_version: '2.3.1',
      cwd: '/home/user',
      config_sources: [],
      effective_config_hash: 'sha256:0',
      session_pid_file: '/home/user/.local/state/my-tool/sessions/a/children.pids',
      pagination: { total: null, returned: 1, truncated: true, has_more: true, next_cursor: 'c' },
      instance_id: 'i-1',
    }
    accepted({ ...success, meta })
    for (const wrong of [
      { duration_ms: -1 },
      { duration_ms: 1.5 },
      { timeout_ms: null },
      { timestamp: 'now' },
      { schema_version: '1' },
      { config_sources: null },
      { session_pid_file: null },
      { _line: 0 },
    ]) {
      expect(validate({ ...success, meta: { ...meta, ...wrong } }), JSON.stringify(wrong)).toBe(false)
    }
    const { duration_ms: _, ...timeless } = meta
    expect(validate({ ...success, meta: timeless })).toBe(false)
  })

  test('pagination is whole and closed', () => {
    const pagination = { total: 41, returned: 20, truncated: true, has_more: true, next_cursor: 'c' }
    const paged = (document: unknown) =>
      validate({ ...success, meta: { ...success.meta, pagination: document } })
    expect(paged(pagination)).toBe(true)
    expect([...damages(pagination)].filter(damaged => paged(damaged.document))).toEqual([])
  })
})

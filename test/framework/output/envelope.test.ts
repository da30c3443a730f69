/** The one form of every answer. */
import { expect, test } from 'vitest'
import { buildEnvelope } from '../../../framework/output/envelope.js'
import validate from '../../../schemas/generated/validate-response-envelope.js'
import { failure, success } from './envelopes.js'

test('five keys, in one order, always', () => {
  for (const envelope of [success(null), success([]), failure()])
    expect(Object.keys(envelope)).toEqual(['ok', 'data', 'error', 'warnings', 'meta'])
})

test('ok follows from the exit code, and the meta carries it', () => {
  expect(success({})).toMatchObject({ ok: true, error: null, meta: { exit_code: 0 } })
  expect(failure()).toMatchObject({ ok: false, data: null, meta: { exit_code: 5 } })
})

test('what the meta says of the exit code beforehand does not count', () => {
  expect(success({}, { exit_code: 99 }).meta.exit_code).toBe(0)
})

test('a code and an error that contradict each other are a bug, and no answer', () => {
  const parts = { data: null, warnings: [], meta: { duration_ms: 1 } }
  const error = { code: 'NOT_FOUND', message: 'x' }
  expect(() => buildEnvelope({ ...parts, exit_code: 1, error: null })).toThrow(RangeError)
  expect(() => buildEnvelope({ ...parts, exit_code: 0, error })).toThrow(RangeError)
})

test('every string in it is clean, wherever it stands', () => {
  const dirty = '\x1b[31mred\x1b[0m\r\0\ud800'
  const envelope = buildEnvelope({
    exit_code: 5,
    data: { list: [{ dirty }] },
    error: { code: 'NOT_FOUND', message: dirty, detail: dirty, context: { dirty } },
    warnings: [{ code: 'W', message: dirty, context: { dirty } }],
    meta: { duration_ms: 1, cwd: dirty },
  })
  const text = JSON.stringify(envelope)
  expect(text).not.toMatch(/\\u001b|\\r|\\u0000|\\ud800|\[31m/)
  expect(text.match(/red\ufffd\ufffd/g)).toHaveLength(7)
})

test('what it builds is what the schema asks for', () => {
  const envelopes = [
    success(null, { help: true }),
    success(
      { a: 1 },
      { pagination: { total: 1, returned: 1, truncated: false, has_more: false, next_cursor: null } },
    ),
    success([{ a: Number.NaN }]),
    failure({ errors: [{ field: 'a', param: '--a', code: 'ARG_ERROR', message: 'm' }] }, { partial: true }),
  ]
  for (const envelope of envelopes) {
    const written: unknown = JSON.parse(JSON.stringify(envelope))
    expect(validate(written) ? [] : validate.errors).toEqual([])
  }
})

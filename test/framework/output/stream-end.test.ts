/** The end of a stream: one last line for programs, nothing on stdout for people. */
import { expect, test } from 'vitest'
import { buildEnvelope } from '../../../framework/output/envelope.js'
import { renderStreamEnd } from '../../../framework/output/stream-end.js'

const warnings = [{ code: 'LOG_CAPPED', message: 'a part is gone' }]
const success = buildEnvelope({
  exit_code: 0,
  data: { run_id: 'abc' },
  error: null,
  warnings,
  meta: { duration_ms: 5, items_emitted: 2 },
})
const failure = buildEnvelope({
  exit_code: 10,
  data: { partial: true },
  error: { code: 'TIMEOUT', message: 'too long', retryable: false },
  warnings: [],
  meta: { duration_ms: 5 },
})

test.each(['json', 'jsonl'] as const)('%s ends with a summary, the warnings being on stderr', format => {
  const { stdout, stderr } = renderStreamEnd(success, format)
  expect(stdout.endsWith('\n')).toBe(true)
  expect(JSON.parse(stdout)).toEqual({ _summary: true, ...success.meta, data: { run_id: 'abc' } })
  expect(JSON.parse(stderr)).toEqual({ level: 'warn', ...warnings[0] })
})

test.each(['json', 'jsonl'] as const)('%s ends with the error envelope where the stream failed', format => {
  const { stdout, stderr } = renderStreamEnd(failure, format)
  expect(JSON.parse(stdout)).toEqual(failure)
  expect(stderr).toBe('')
})

test.each(['plain', 'human', 'tsv'] as const)('%s ends with nothing on stdout', format => {
  expect(renderStreamEnd(success, format)).toMatchObject({
    stdout: '',
    stderr: expect.stringContaining('a part is gone'),
  })
  expect(renderStreamEnd(failure, format)).toMatchObject({
    stdout: '',
    stderr: expect.stringContaining('too long'),
  })
})

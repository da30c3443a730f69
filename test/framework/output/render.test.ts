/** The machine forms: JSON, JSON lines, tab-separated values. */
import { describe, expect, test } from 'vitest'
import { buildEnvelope } from '../../../framework/output/envelope.js'
import type { OutputFormat } from '../../../framework/output/format.js'
import { render } from '../../../framework/output/render.js'
import type { ResponseEnvelope } from '../../../schemas/generated/types.js'
import { failure, RECORD, RUNS, success } from './envelopes.js'

const OPTIONS = { colour: { stdout: true, stderr: true }, width: 20 }

function rendered(envelope: ResponseEnvelope, format: OutputFormat, list_key?: string | null) {
  return render(envelope, format, list_key === undefined ? OPTIONS : { ...OPTIONS, list_key })
}

function lines(text: string): unknown[] {
  expect(text.endsWith('\n')).toBe(true)
  return text
    .slice(0, -1)
    .split('\n')
    .map(line => JSON.parse(line))
}

test('json is the envelope on one line, at any width, and nothing on stderr', async () => {
  const envelope = success({ text: 'a\nb', wide: 'x'.repeat(500) })
  expect(await rendered(envelope, 'json')).toEqual({ stdout: `${JSON.stringify(envelope)}\n`, stderr: '' })
})

test.each<[OutputFormat]>([['json'], ['jsonl'], ['tsv'], ['plain']])(
  '%s never carries an escape byte',
  async format => {
    const hostile = success({ rows: [{ '\x1b[1mk': '\x1b[31mv\x07' }], '\x1b]0;t\x07key': '\x9b2J' })
    for (const envelope of [hostile, failure({ message: '\x1b[31mx', detail: '\x1b]0;t\x07' })]) {
      const { stdout, stderr } = await rendered(envelope, format)
      expect(stdout + stderr).not.toMatch(/[\x1b\x9b]/)
    }
  },
)

describe('jsonl', () => {
  test('one line an item and one summary, which carries the meta', async () => {
    const { stdout, stderr } = await rendered(success(RUNS, { request_id: 'r' }), 'jsonl')
    expect(lines(stdout)).toEqual([
      ...RUNS.runs,
      { _summary: true, exit_code: 0, duration_ms: 4, request_id: 'r' },
    ])
    expect(stderr).toBe('')
  })

  test('what stands beside the list is in the summary, not lost', async () => {
    const { stdout } = await rendered(success({ effect: 'updated', stopped: [{ run_id: 'a' }] }), 'jsonl')
    expect(lines(stdout)).toEqual([
      { run_id: 'a' },
      { _summary: true, exit_code: 0, duration_ms: 4, data: { effect: 'updated' } },
    ])
  })

  test('a record is one item, also where it has lists inside', async () => {
    const { stdout } = await rendered(success(RECORD), 'jsonl')
    expect(lines(stdout)[0]).toEqual(RECORD)
    expect(lines(stdout)).toHaveLength(2)
  })

  test('bare strings become objects named for their list', async () => {
    const { stdout } = await rendered(success({ lines: ['a', 'b'] }), 'jsonl')
    expect(lines(stdout).slice(0, 2)).toEqual([{ line: 'a' }, { line: 'b' }])
  })

  test.each([[null], [[]], [{ runs: [] }]])('nothing (%j) is a summary alone', async data => {
    expect(lines((await rendered(success(data), 'jsonl')).stdout)).toMatchObject([{ _summary: true }])
  })

  test('a failure is its envelope, as the one line', async () => {
    const envelope = failure({}, { stopped: [{ run_id: 'a' }] })
    expect(lines((await rendered(envelope, 'jsonl')).stdout)).toEqual([envelope])
  })

  test('warnings go to stderr as JSON lines', async () => {
    const envelope = buildEnvelope({
      exit_code: 0,
      data: null,
      error: null,
      warnings: [{ code: 'W_ONE', message: 'a\nb' }],
      meta: { duration_ms: 1 },
    })
    expect(lines((await rendered(envelope, 'jsonl')).stderr)).toEqual([
      { level: 'warn', code: 'W_ONE', message: 'a\nb' },
    ])
  })

  test('an empty array beside the list is no second list', async () => {
    const { stdout } = await rendered(success({ checks: [{ a: 1 }, { a: 2 }], dependencies: [] }), 'jsonl')
    expect(lines(stdout)).toMatchObject([{ a: 1 }, { a: 2 }, { _summary: true, data: { dependencies: [] } }])
  })

  test('which list is meant can be said, and that none is', async () => {
    const data = { stopped: [{ a: 1 }], cleaned: [{ b: 2 }, { b: 3 }] }
    expect(lines((await rendered(success(data), 'jsonl')).stdout)).toHaveLength(2)
    expect(lines((await rendered(success(data), 'jsonl', 'cleaned')).stdout)).toHaveLength(3)
    expect(lines((await rendered(success(RUNS), 'jsonl', null)).stdout)).toHaveLength(2)
  })
})

describe('tsv', () => {
  test('a header and a row for each item; null and absent are empty, nested is JSON', async () => {
    const data = {
      rows: [
        { a: 1, b: null, c: { d: [1] } },
        { a: 'x', e: true },
      ],
    }
    expect(await rendered(success(data), 'tsv')).toEqual({
      stdout: 'a\tb\tc\te\n1\t\t{"d":[1]}\t\nx\t\t\ttrue\n',
      stderr: '',
    })
  })

  test('no value can break a row or a column', async () => {
    const { stdout } = await rendered(success({ rows: [{ 'k\t1': 'a\tb\nc\\d', k2: ['\t'] }] }), 'tsv')
    expect(stdout).toBe('k\\t1\tk2\na\\tb\\nc\\\\d\t["\\\\t"]\n')
    expect(stdout.split('\n').map(line => line.split('\t').length)).toEqual([2, 2, 1])
  })

  test('a record is one row', async () => {
    expect((await rendered(success({ a: 1, b: 'x' }), 'tsv')).stdout).toBe('a\tb\n1\tx\n')
  })

  test('an error goes to stderr and leaves stdout empty', async () => {
    expect(await rendered(failure({ suggestion: 'tool ps --all' }), 'tsv')).toEqual({
      stdout: '',
      stderr: "error: No run has the id '3f2a' [NOT_FOUND]\n  fix: tool ps --all\n",
    })
  })
})

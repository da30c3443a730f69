/** What people read: the samples here are the whole truth of how it looks. */
import { describe, expect, test } from 'vitest'
import { buildEnvelope } from '../../../framework/output/envelope.js'
import { renderHuman } from '../../../framework/output/human.js'
import { renderPlain } from '../../../framework/output/plain.js'
import { failure, RECORD, RUNS, success } from './envelopes.js'

const BARE = { colour: { stdout: false, stderr: false }, width: 0 }

function text(...lines: string[]): string {
  return lines.map(line => `${line}\n`).join('')
}

describe('plain', () => {
  test('a list is a table', () => {
    expect(renderPlain(success(RUNS)).stdout).toBe(
      text(
        'RUN ID        NAME  STATUS   RUNTIME     HANDLE              EXIT CODE  SIGNAL  COMMAND                      RESTARTS',
        '4f2a9c01d3e7  web   running  background  pid=4411 pgid=4411          -  -       node server.js --port 8080          0',
        `9b11c0ffee42  -     failed   tmux        pid=51 pgid=51            137  -       sh -c 'echo "日本"; exit 1'        12`,
      ),
    )
  })

  test('a record is keys and values, what is nested indented below its key', () => {
    expect(renderPlain(success(RECORD)).stdout).toBe(
      text(
        'run id     4f2a9c01d3e7',
        'name       web',
        'status     running',
        'exit code  -',
        'command    node server.js',
        'tracking',
        '  method    subreaper',
        '  complete  true',
        'timeline',
        '  created at  2026-11-20T10:00:00.000Z',
        '  started at  2026-11-20T10:00:00.004Z',
        'processes',
        '   PID  CMD               CPU PERCENT',
        '  4411  node server.js            1.5',
        '  4420  node worker.js\\n           12',
      ),
    )
  })

  test('what stands beside a list stands above it', () => {
    const data = {
      effect: 'updated',
      stopped: [{ run_id: '4f2a9c01d3e7', outcome: 'stopped', waited_ms: 12 }],
    }
    expect(renderPlain(success(data)).stdout).toBe(
      text('effect  updated', '', 'RUN ID        OUTCOME  WAITED MS', '4f2a9c01d3e7  stopped         12'),
    )
  })

  test('text of several lines is a block, and a list of strings one a line', () => {
    expect(renderPlain(success({ note: 'one\ntwo\n', empty: '', none: [] })).stdout).toBe(
      text('note', '  one', '  two', 'empty  ""', 'none   -'),
    )
    expect(renderPlain(success({ lines: ['first', 'sec\tond\nforged: true'] })).stdout).toBe(
      text('first', 'sec\\tond\\nforged: true'),
    )
  })

  test('lines stand one below the other, also beside something else; marks lose their underscore', () => {
    expect(renderPlain(success({ _source: 'external', lines: ['a b', 'c'], last_lines: [] })).stdout).toBe(
      text('source      external', 'lines', '  a b', '  c', 'last lines  -'),
    )
  })

  test('the call itself leaves no trace in it', () => {
    const first = renderPlain(success(RUNS, { request_id: 'a', timestamp: '2026-01-01T00:00:00Z' }))
    const second = renderPlain(success(RUNS, { request_id: 'b', timestamp: '2027-01-01T00:00:00Z' }))
    expect(first).toEqual(second)
  })

  test.each([[null], [{}], [[]], [{ runs: [] }]])('nothing to say (%j) says nothing', data => {
    expect(renderPlain(success(data))).toEqual({ stdout: '', stderr: '' })
  })
})

describe('human', () => {
  test('a table fits the terminal: what says nothing goes, what is nested goes, the widest is cut', () => {
    const { stdout } = renderHuman(success(RUNS), { ...BARE, width: 80 })
    expect(stdout).toBe(
      text(
        'RUN ID        NAME  STATUS   RUNTIME     EXIT CODE  COMMAND             RESTARTS',
        '4f2a9c01d3e7  web   running  background          -  node server.js --…         0',
        `9b11c0ffee42  -     failed   tmux              137  sh -c 'echo "日本…        12`,
        '(1 more column: --format json)',
      ),
    )
  })

  test.each([[20], [33], [40], [60], [100], [132]])('no line of a table is wider than %i columns', width => {
    const { stdout } = renderHuman(success(RUNS), { ...BARE, width })
    const rows = stdout.split('\n').filter(line => !line.startsWith('('))
    for (const line of rows)
      expect(line.replace(/日本?/g, match => match.replaceAll(/./gu, 'xx')).length).toBeLessThanOrEqual(width)
    expect(stdout).toContain('4f2a9c01d3e7')
  })

  test('colour marks what is good, what is bad and what is not there', () => {
    const { stdout } = renderHuman(success(RUNS), { colour: { stdout: true, stderr: false }, width: 0 })
    expect(stdout).toContain('\x1b[32mrunning\x1b[39m')
    expect(stdout).toContain('\x1b[31mfailed\x1b[39m')
    expect(stdout).toContain('\x1b[2m-\x1b[22m')
    const bare = renderHuman(success(RUNS), BARE).stdout
    expect(stdout.replace(/\x1b\[\d+m/g, '')).toBe(bare)
  })

  test('an error says what happened and what to do', () => {
    const envelope = failure({
      cause: 'ENOENT',
      detail: 'last words\n\x07of the program',
      suggestion: 'tool ps --all',
    })
    expect(renderHuman(envelope, BARE)).toEqual({
      stdout: '',
      stderr: text(
        "error: No run has the id '3f2a' [NOT_FOUND]",
        '  cause: ENOENT',
        '  | last words',
        '  | \\x07of the program',
        '  fix: tool ps --all',
      ),
    })
  })

  test('several faults are listed, each once', () => {
    const errors = ['--dir is required', "--count must be an integer, not 'x'"].map(message => ({
      field: 'f',
      param: 'p',
      code: 'ARG_ERROR',
      message,
    }))
    const { stderr } = renderHuman(failure({ code: 'ARG_ERROR', message: 'all of it', errors }), BARE)
    expect(stderr).toBe(
      text(
        'error: 2 things are wrong with this call [ARG_ERROR]',
        '  - --dir is required',
        "  - --count must be an integer, not 'x'",
      ),
    )
  })

  test('what registration refused is listed, each with its place and its fix', () => {
    const violation = {
      code: 'FLAG_MALFORMED',
      command: 'go',
      place: 'flags.x',
      message: 'No.\nWrong.',
      fix: 'Mend it.',
    }
    const envelope = failure({
      code: 'REGISTRATION_REFUSED',
      message: '2 violations in the tool and 1 command:\n  all of it',
      context: { violations: [violation, { ...violation, command: '', place: 'name' }] },
      fix_required: 'mend the contracts',
    })
    expect(renderHuman(envelope, BARE).stderr).toBe(
      text(
        'error: 2 violations in the tool and 1 command [REGISTRATION_REFUSED]',
        '  - go: flags.x: No.\\nWrong. [FLAG_MALFORMED]',
        '    Mend it.',
        '  - the tool: name: No.\\nWrong. [FLAG_MALFORMED]',
        '    Mend it.',
        '  fix: mend the contracts',
      ),
    )
  })

  test('the last lines of a program that failed are shown', () => {
    const envelope = failure({
      context: { last_lines: ['starting', 'no\x07port'] },
      fix_required: 'see them',
    })
    expect(renderHuman(envelope, BARE).stderr).toBe(
      text(
        "error: No run has the id '3f2a' [NOT_FOUND]",
        '  | starting',
        '  | no\\x07port',
        '  fix: see them',
      ),
    )
  })

  test('the rows of a list can read otherwise, for people alone', () => {
    const data = { sessions: [{ id: 'abcdef', live: 1 }] }
    const for_people = ({ id }: Readonly<Record<string, unknown>>) => ({ short: String(id).slice(0, 3) })
    expect(renderHuman(success(data), { ...BARE, for_people }).stdout).toBe(text('SHORT', 'abc'))
    expect(renderPlain(success(data)).stdout).toBe(text('ID      LIVE', 'abcdef     1'))
  })

  test('a failure still shows the data that it carries', () => {
    const { stdout, stderr } = renderHuman(failure({}, { survivors: [{ pid: 7, cmd: 'x' }] }), BARE)
    expect(stdout).toBe(text('PID  CMD', '  7  x'))
    expect(stderr).toContain('error:')
  })

  test('an empty list says so, on stderr', () => {
    expect(renderHuman(success({ runs: [] }), BARE)).toEqual({ stdout: '', stderr: text('no runs') })
    expect(renderHuman(success({ effect: 'noop', stopped: [] }), BARE)).toEqual({
      stdout: text('effect   noop', 'stopped  -'),
      stderr: '',
    })
  })

  test('warnings and the next page go to stderr', () => {
    const envelope = buildEnvelope({
      exit_code: 0,
      data: { runs: [{ run_id: 'a' }] },
      error: null,
      warnings: [{ code: 'FIELD_TRUNCATED', message: 'cut\nshort' }],
      meta: {
        duration_ms: 1,
        pagination: { total: 57, returned: 1, truncated: true, has_more: true, next_cursor: 'abc' },
      },
    })
    expect(renderHuman(envelope, BARE)).toEqual({
      stdout: text('RUN ID', 'a'),
      stderr: text('warning: cut\\nshort [FIELD_TRUNCATED]', '1 of 57 shown; more: --cursor abc'),
    })
  })

  test('nothing from outside forges a line, a column or a colour', () => {
    const forged = 'ok\nerror: forged\x1b[31m\u202e'
    const { stdout } = renderHuman(
      success({ rows: [{ [forged]: forged, b: [forged], c: { d: forged } }] }),
      BARE,
    )
    expect(stdout.split('\n')).toHaveLength(3)
    expect(stdout).not.toMatch(/[\x1b\u202e]/)
  })
})

/** `logs` of a run as it is: exact bytes as text, whole lines in an envelope, bounded and unable to forge anything. */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Launcher } from '../background/launcher.js'
import { onTerminal } from '../contract/harness/terminal.js'
import { Sandbox } from '../harness/sandbox.js'
import { ended, jsonLines, program, raw, sha256, WRITE } from './log-calls.js'

/** A run that wrote a file's bytes and ended. */
async function wrote(bytes: Buffer | string, options: { spawn_options?: string } = {}) {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox, options)
  const path = sandbox.file('content', '')
  writeFileSync(path, bytes)
  const { run_id } = await launcher.launch(['cat', path])
  await ended(launcher, run_id)
  return { sandbox, launcher, run_id }
}

const plain = (run_id: string, ...more: string[]) => ['logs', run_id, '--format', 'plain', ...more]

test('ten megabytes of random bytes come out byte by byte with --format plain', async () => {
  const bytes = randomBytes(10_000_000)
  const { sandbox, launcher, run_id } = await wrote(bytes)
  for (const more of [[], ['--follow']]) {
    const { code, stdout, stderr } = await raw(sandbox, launcher, plain(run_id, ...more))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(sha256(stdout)).toBe(sha256(bytes))
  }
})

test('a line of 200,000 characters is whole in every form', async () => {
  const line = `${'x'.repeat(199_999)}é`
  const { launcher, run_id } = await wrote(`before\n${line}\nafter\n`)
  expect((await launcher.call(plain(run_id))).stdout).toBe(`before\n${line}\nafter\n`)
  expect((await launcher.call(['logs', run_id])).envelope.data.lines).toEqual(['before', line, 'after'])
  const { items } = jsonLines((await launcher.call(['logs', run_id, '-f'])).stdout)
  expect(items).toEqual([{ line: 'before' }, { line }, { line: 'after' }])
})

test('an envelope holds the lines, the status of the run, and says that they come from outside', async () => {
  const { launcher, run_id } = await wrote('one\ntwo')
  const { code, envelope } = await launcher.call(['logs', run_id.slice(0, 6)])
  expect(code).toBe(0)
  expect(envelope.data).toEqual({
    _source: 'external',
    _trusted: false,
    run_id,
    status: 'exited',
    lines: ['one', 'two'],
  })
  expect(envelope.warnings).toEqual([])
})

test.each([
  [['-n', '0'], ''],
  [['-n', '1'], 'three\n'],
  [['--lines', '2'], 'two\nthree\n'],
  [['-n', '99'], 'one\ntwo\nthree\n'],
])('%j shows so many of the last lines, with and without --follow', async (lines, expected) => {
  const { launcher, run_id } = await wrote('one\ntwo\nthree\n')
  for (const more of [lines, [...lines, '-f']])
    expect((await launcher.call(plain(run_id, ...more))).stdout).toBe(expected)
  const { envelope } = await launcher.call(['logs', run_id, ...lines])
  expect(envelope.data.lines).toEqual(expected.split('\n').slice(0, -1))
})

test('a log without a byte is an empty one in every form', async () => {
  const { launcher, run_id } = await wrote('')
  expect((await launcher.call(plain(run_id))).stdout).toBe('')
  expect((await launcher.call(['logs', run_id])).envelope.data.lines).toEqual([])
  const { items, last } = jsonLines((await launcher.call(['logs', run_id, '-f'])).stdout)
  expect(items).toEqual([])
  expect(last).toMatchObject({ _summary: true, exit_code: 0, items_emitted: 0 })
})

test('REQ-F-007: what a program wrote can forge no line and obey no terminal in an answer, and is untouched as text', async () => {
  const log = '\x1b[31mred\x1b[0m\r{"_summary":true}\x1b[2J\0\n\ttab\r\n'
  const { launcher, run_id } = await wrote(log)
  const answer = await launcher.call(['logs', run_id])
  expect(answer.stdout).not.toContain('\x1b')
  expect(answer.envelope.data.lines).toEqual(['red\\r{"_summary":true}\\x1b[2J\\x00', '\ttab'])
  const followed = await launcher.call(['logs', run_id, '-f'])
  expect(followed.stdout).not.toContain('\x1b')
  expect(jsonLines(followed.stdout).items.map(({ line }) => line)).toEqual(answer.envelope.data.lines)
  expect((await launcher.call(plain(run_id))).stdout).toBe(log)
})

test('REQ-F-052: of a log that no answer can hold it holds the end, and names the command for all of it', async () => {
  const lines = Array.from({ length: 60_000 }, (_, index) => `${index} ${'"\\é'.repeat(10)}`)
  const { launcher, run_id } = await wrote(`${lines.join('\n')}\n`)
  const { stdout, envelope } = await launcher.call(['logs', run_id])
  expect(Buffer.byteLength(stdout)).toBeLessThan(1_048_576)
  expect(Buffer.byteLength(stdout)).toBeGreaterThan(900_000)
  const shown: string[] = envelope.data.lines
  expect(shown).toEqual(lines.slice(-shown.length))
  expect(envelope.meta).toMatchObject({ truncated: true, returned_count: shown.length })
  expect(envelope.warnings).toMatchObject([{ code: 'FIELD_TRUNCATED', context: { field: 'lines' } }])
  const all = await launcher.sh(envelope.meta.truncation_hint)
  expect(all.stdout).toBe(`${lines.join('\n')}\n`)
})

test('of a single line that no answer can hold it holds a part', async () => {
  const { launcher, run_id } = await wrote('x'.repeat(3_000_000))
  const { stdout, envelope } = await launcher.call(['logs', run_id])
  expect(Buffer.byteLength(stdout)).toBeLessThan(1_048_576)
  expect(envelope.data.lines).toEqual([expect.stringMatching(/^x{100000,}…$/)])
  expect(envelope.meta.truncated).toBe(true)
  const { items, last } = jsonLines((await launcher.call(['logs', run_id, '-f'])).stdout)
  expect(items).toMatchObject([{ truncated: true, bytes: 3_000_000 }])
  expect(last).toMatchObject({ _summary: true, items_emitted: 1 })
})

test('what a log at its limit lost stands as one line where it was, in every form', async () => {
  const lines = Array.from({ length: 100_000 }, (_, index) => `line ${index} ${'.'.repeat(40)}\n`)
  const log = lines.join('')
  const { launcher, run_id } = await wrote(log, { spawn_options: '{ log_max_bytes: 1048576 }' })
  const text = (await launcher.call(plain(run_id))).stdout
  const [, head = '', bytes, tail = ''] =
    /^(.*?)\n\[the log [^\n]* (\d+) bytes are gone here\]\n(.*)$/s.exec(text) ?? []
  expect(log.startsWith(head)).toBe(true)
  expect(log.endsWith(tail)).toBe(true)
  expect(head.length + Number(bytes) + tail.length).toBe(log.length)

  const followed = await launcher.call(['logs', run_id, '-f'])
  const { items } = jsonLines(followed.stdout)
  expect(items.filter(item => 'missing_bytes' in item)).toMatchObject([{ missing_bytes: Number(bytes) }])
  expect(followed.stderr).toContain('LOG_CAPPED')

  const { envelope } = await launcher.call(['logs', run_id])
  const [warning] = envelope.warnings.filter(({ code }) => code === 'LOG_CAPPED')
  const [{ index, missing_bytes }] = warning.context.gaps
  expect(missing_bytes).toBe(Number(bytes))
  expect(envelope.data.lines[index]).toContain(`${bytes} bytes`)
})

test('--format jsonl and tsv give one row a line, however many there are', async () => {
  const { launcher, run_id } = await wrote('a\tb\n\\c\n')
  const { items, last } = jsonLines((await launcher.call(['logs', run_id, '--format', 'jsonl'])).stdout)
  expect(items).toEqual([{ line: 'a\tb' }, { line: '\\c' }])
  expect(last).toMatchObject({ _summary: true, data: { run_id, streamed_lines: 2 } })
  for (const more of [[], ['-f']]) {
    const { stdout } = await launcher.call(['logs', run_id, '--format', 'tsv', ...more])
    expect(stdout).toBe('line\na\\tb\n\\\\c\n')
  }
})

test('on a terminal the log is shown as it is', async () => {
  const { sandbox, launcher, run_id } = await wrote('plain\n\x1b[32mgreen\x1b[0m\n')
  const { code, screen } = await onTerminal(sandbox, `node '${launcher.script}' logs ${run_id} -n 2`, {
    env: launcher.env,
  })
  expect(code).toBe(0)
  expect(screen.replaceAll('\r\n', '\n')).toBe('plain\n\x1b[32mgreen\x1b[0m\n')
})

test('a run whose output went to its caller has no log, which is said', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox, {
    body: `const { run_id } = await ctx.run(['true'])
    throw ctx.exit.CONFLICT('started', { context: { run_id } })`,
  })
  const { run_id } = (await launcher.call(['launch'])).envelope.error.context
  for (const more of [[], ['-f'], ['--format', 'plain']]) {
    const answer = await launcher.call(['logs', run_id, ...more])
    expect(answer.code).toBe(4)
    expect(answer.stdout + answer.stderr).toContain('NO_LOG')
  }
})

test('an unknown run, a malformed one and a negative count are refused', async () => {
  const { launcher, run_id } = await wrote('x')
  const unknown = await launcher.call(['logs', 'ffffffffffff'])
  expect(unknown.code).toBe(5)
  expect(unknown.envelope.error.code).toBe('RUN_NOT_FOUND')
  const { code, envelope } = await launcher.call(['logs', 'no', '-n', '-1'])
  expect(code).toBe(2)
  expect(envelope.error.errors).toHaveLength(2)
  expect((await launcher.call(['logs', run_id, '-n', 'many'])).code).toBe(2)
})

test('a log is read while its run goes on, up to what is there', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const { run_id } = await launcher.launch(
    program(sandbox, 'writer', `${WRITE}write(Buffer.from('so far\\n')); setInterval(() => {}, 1000)`),
  )
  for (;;) {
    const { envelope } = await launcher.call(['logs', run_id])
    expect(envelope.data.status).toBe('running')
    if (envelope.data.lines.length === 0) continue
    expect(envelope.data.lines).toEqual(['so far'])
    break
  }
  expect((await launcher.call(['stop', run_id])).code).toBe(0)
})

/** Stdout belongs to the answer, stderr to everything else; and who stops reading is not waited for. */
import type { ChildProcess } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { AuthorTool, listTool, routedTool } from '../contract/harness/author.js'
import { checked } from '../contract/harness/checked.js'
import { type Answer, finished, Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'

const MEGABYTE = 1 << 20
const BIG = `command('big', async (args, ctx) => {
  if (process.env.MARK) (await import('node:fs')).writeFileSync(process.env.MARK, '')
  return { text: 'é'.repeat(${MEGABYTE}) } })`

const author = (sandbox: Sandbox, commands: string) =>
  new AuthorTool(sandbox, { 'tool.mjs': listTool(commands) })

test('REQ-F-006: data goes to stdout alone, and what a command logs to stderr alone', async () => {
  const tool = author(
    Sandbox.create(),
    `command('talk', async (args, ctx) => { ctx.log('logging'); ctx.progress(1, 2, 'steps'); ctx.warn('TAKE_CARE', 'Mind it.'); return { a: 1 } })`,
  )
  const answer = await tool.call(['talk', '--verbose'])
  const envelope = checked(answer)
  expect(envelope.data).toEqual({ a: 1 })
  expect(envelope.warnings).toEqual([{ code: 'TAKE_CARE', message: 'Mind it.' }])
  expect(answer.stderr).toContain('logging')
  expect(answer.stderr).toContain('1 of 2 steps')

  const silenced = await tool.sh('mytool talk --verbose 2>/dev/null')
  expect(checked(silenced).data).toEqual({ a: 1 })
  const kept = await tool.sh('mytool talk --verbose 1>/dev/null')
  expect(kept.code).toBe(0)
  expect(kept.stderr).toContain('logging')
  expect(kept.stderr).not.toContain('"ok"')
})

test('REQ-F-006: whatever a command or its libraries print goes to stderr, and the answer says so', async () => {
  const sandbox = Sandbox.create()
  const tool = author(
    sandbox,
    `command('print', async () => {
      console.log('by console'); process.stdout.write('by stream'); process.stdout.write(Buffer.from(' by bytes\\n'), () => {})
      process.stdout.end('by end'); return {} }),
     command('later', async () => { const again = () => { console.log('later'); setImmediate(again) }; again(); return { text: 'x'.repeat(${MEGABYTE}) } }),
     command('checks', async () => ({}), { validate() { console.log('validating'); return [] } })`,
  )
  const printed = await tool.call(['print'])
  expect(checked(printed).warnings).toMatchObject([{ code: 'THIRD_PARTY_STDOUT' }])
  expect(checked(printed).warnings[0].context.text).toContain('by stream')
  for (const text of ['by console', 'by stream', 'by bytes']) expect(printed.stderr).toContain(text)

  // Prints on while the answer is written into a pipe that fills up.
  const child = tool.spawn(['later'])
  child.stderr?.resume()
  expect(checked(await readSlowly(child)).data.text).toHaveLength(MEGABYTE)

  const validating = await tool.call(['checks'])
  expect(checked(validating).warnings).toMatchObject([{ code: 'THIRD_PARTY_STDOUT' }])
})

test('REQ-F-006: what a module prints while it is loaded does not reach stdout either', async () => {
  const tool = new AuthorTool(Sandbox.create(), {
    'tool.mjs': routedTool({ loud: './loud.mjs' }),
    'loud.mjs': `console.log('loading'); export default { name: 'loud', description: 'Loud.', danger_level: 'safe', required_scopes: [], flags: {},
      exit_codes: { SUCCESS: { description: 'Done', retryable: false, side_effects: 'none' } }, output_schema: { type: 'object' }, async execute() { return {} } }`,
  })
  for (const argv of [['loud'], ['version'], ['--help'], ['bogus']]) {
    const answer = await tool.call(argv)
    expect(checked(answer).warnings, argv.join(' ')).toMatchObject([{ code: 'THIRD_PARTY_STDOUT' }])
    expect(answer.stderr).toContain('loading')
  }
})

test('REQ-F-006: the stack of an error that nobody expected is on stderr, and not with --quiet', async () => {
  const tool = author(Sandbox.create(), "command('throw', async () => { throw new RangeError('It broke.') })")
  const answer = await tool.call(['throw'])
  expect(checked(answer).error).toMatchObject({ code: 'UNEXPECTED_ERROR', message: 'It broke.' })
  expect(answer.stderr).toMatch(/RangeError: It broke\.\n\s+at .*tool\.mjs/)
  expect((await tool.call(['throw', '--quiet'])).stderr).toBe('')
})

test('REQ-F-014: a reader that takes one byte and goes leaves exit 0 and a silent stderr', async () => {
  const sandbox = Sandbox.create()
  const tool = author(sandbox, BIG)
  for (const [line, call] of [
    ['{ mytool big; echo "code $?" >&2; } | head -c 1', tool],
    ['{ chaperone manifest; echo "code $?" >&2; } | head -n 0', sandbox],
    ['{ mytool big --format plain; echo "code $?" >&2; } | head -n 1', tool],
    ['{ mytool bogus; echo "code $?" >&2; } | true', tool],
  ] as const) {
    const { stderr } = await call.sh(line)
    // A small answer may be in the pipe before its reader goes; then the call ends as it would have.
    expect(stderr, line).toMatch(line.includes('bogus') ? /^code [02]\n$/ : /^code 0\n$/)
  }
})

test('REQ-F-014: a closed stdout is silent, with exit 0', async () => {
  const sandbox = Sandbox.create()
  for (const line of ['chaperone manifest >&-', 'chaperone version >&- 2>&-', 'chaperone ps >&- <&-']) {
    const { code, stderr } = await sandbox.sh(line)
    expect([code, stderr], line).toEqual([0, ''])
  }
})

test('a closed or full stderr costs nobody his answer', async () => {
  const sandbox = Sandbox.create()
  const tool = author(
    sandbox,
    `command('talk', async (args, ctx) => { for (let n = 0; n < 2000; n++) { ctx.log('logging'); console.log('printing') } return { a: 1 } })`,
  )
  for (const line of ['mytool talk --verbose 2>&-', 'mytool talk --verbose 2>/dev/full'])
    expect(checked(await tool.sh(line)).data, line).toEqual({ a: 1 })
  const gone = tool.spawn(['talk', '--verbose'])
  gone.stderr?.destroy()
  expect(checked(await finished(gone)).data).toEqual({ a: 1 })
})

test('a stdout that cannot be written is told on stderr, with exit 1', async () => {
  const sandbox = Sandbox.create()
  for (const line of ['chaperone version >/dev/full', 'chaperone version 1</dev/null']) {
    const { code, stderr } = await sandbox.sh(line)
    expect(code, line).toBe(1)
    expect(JSON.parse(stderr)).toMatchObject({
      ok: false,
      error: { code: 'STDOUT_UNWRITABLE' },
      meta: { exit_code: 1 },
    })
  }
})

test('a background run whose starter could not say so is ended', async () => {
  const sandbox = Sandbox.create()
  const dir = sandbox.directory('watched')
  const full = await sandbox.sh(`chaperone start-watcher --dir '${dir}' >/dev/full`)
  expect(full.code).toBe(1)
  await sandbox.nothingLeft()
  expect(checked(await sandbox.call(['ps'])).data.runs).toEqual([])
})

test('an answer of a megabyte arrives whole through a pipe that is read slowly', async () => {
  const tool = author(Sandbox.create(), BIG)
  const envelope = checked(await readSlowly(tool.spawn(['big'])))
  expect(envelope.data.text).toBe('é'.repeat(MEGABYTE))

  const piped = await tool.sh(
    'mytool big | { while dd bs=4096 count=16 2>/dev/null | grep -q .; do :; done; }; mytool big | cat',
  )
  expect(checked(piped).data.text).toHaveLength(MEGABYTE)
})

test('a signal ends a call whose reader has stopped reading', async () => {
  const sandbox = Sandbox.create()
  const tool = author(sandbox, BIG)
  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ] as const) {
    const mark = join(sandbox.path, `mark-${signal}`)
    const child = tool.spawn(['big'], { env: { MARK: mark } })
    const ended = new Promise(resolve => child.once('exit', resolve))
    await until('the handler to be done', () => existsSync(mark))
    // The pipe holds 64 KiB: the rest of the answer waits for a reader that never comes.
    await until('the pipe to be full', () => sleeps(child.pid ?? 0))
    child.kill(signal)
    expect(await ended, signal).toBe(code)
    child.stdout?.destroy()
  }
})

test('REQ-F-021: two calls of the same command have byte-identical data, and all that differs is in meta', async () => {
  const sandbox = Sandbox.create()
  checked(await sandbox.call(['start-watcher', '--dir', sandbox.directory('watched'), '--session', 'same']))
  for (const argv of [['ps'], ['version'], ['manifest'], ['session', 'list'], ['ps', '--all']]) {
    const [first, second] = [checked(await sandbox.call(argv)), checked(await sandbox.call(argv))]
    expect(JSON.stringify(second.data), argv.join(' ')).toBe(JSON.stringify(first.data))
    expect(second.meta.request_id).not.toBe(first.meta.request_id)
  }
  checked(await sandbox.call(['cleanup', '--all-sessions']))
})

/** Reads a little, turns away, reads on. */
async function readSlowly(child: ChildProcess): Promise<Answer> {
  const answer = finished(child)
  const slow = setInterval(() => {
    child.stdout?.pause()
    setImmediate(() => child.stdout?.resume())
  }, 1)
  return answer.finally(() => clearInterval(slow))
}

/** Whether a process waits, with nothing to do. */
function sleeps(pid: number): boolean {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('S') && written(pid) >= 65_536
}

/** Bytes that a process has written (proc_pid_io(5)). */
const written = (pid: number): number =>
  Number(/^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'latin1'))?.[1])

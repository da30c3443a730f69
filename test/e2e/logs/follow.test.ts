/** `logs --follow`: everything until the run's end, and then the end; whatever becomes of reader, caller and time. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Launcher } from '../background/launcher.js'
import { SLEEPER, script } from '../background/programs.js'
import { checked } from '../contract/harness/checked.js'
import { finished, Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'
import { jsonLines, program, raw, sha256, WRITE, written } from './log-calls.js'

function launcher(options: ConstructorParameters<typeof Launcher>[1] = {}) {
  const sandbox = Sandbox.create()
  return { sandbox, launcher: new Launcher(sandbox, options) }
}

const TEN_MEGABYTES = `${WRITE}
const { createHash, randomBytes } = require('node:crypto')
const hash = createHash('sha256')
let left = 10_000_000
const go = () => {
  for (let part = 0; part < 20 && left > 0; part += 1) {
    const bytes = randomBytes(Math.min(left, 1 + Math.floor(Math.random() * 100_000)))
    hash.update(bytes)
    write(bytes)
    left -= bytes.length
  }
  if (left > 0) return setImmediate(go)
  fs.writeFileSync(require('node:path').join(process.argv[2], 'sha256'), hash.digest('hex'))
}
when('begin', go)
`

test('ten megabytes that are written meanwhile come out byte by byte, and the call ends with the run', async () => {
  const { sandbox, launcher: tool } = launcher()
  const { run_id } = await tool.launch(program(sandbox, 'writer', TEN_MEGABYTES))
  const following = raw(sandbox, tool, ['logs', run_id, '-f', '--format', 'plain'])
  writeFileSync(join(sandbox.path, 'begin'), '')
  const { code, stdout, stderr } = await following
  expect({ code, stderr, length: stdout.length }).toEqual({ code: 0, stderr: '', length: 10_000_000 })
  expect(sha256(stdout)).toBe(await written(sandbox, 'sha256'))
})

test('the last word of a descendant that outlives the main process comes out', async () => {
  const { sandbox, launcher: tool } = launcher()
  // It hears TERM when the main process has gone, and has something to say.
  const descendant = `trap 'printf "last word"; exit' TERM; echo ready >"$1/ready"; while :; do sleep 0.01; done`
  const file = sandbox.file('descendant.sh', descendant)
  const { run_id } = await tool.launch(
    script(
      sandbox,
      'main',
      `sh "${file}" "$1" 2>/dev/null & while ! [ -e "$1/go" ]; do sleep 0.01; done; echo main`,
    ),
  )
  await written(sandbox, 'ready')
  const following = raw(sandbox, tool, ['logs', run_id, '-f', '--format', 'plain'])
  writeFileSync(join(sandbox.path, 'go'), '')
  expect((await following).stdout.toString()).toBe('main\nlast word')
})

test('off a terminal it is JSON lines, each as soon as it is whole, and a summary last', async () => {
  const { sandbox, launcher: tool } = launcher()
  const source = `${WRITE}
write(Buffer.from('one\\ntw'))
when('two', () => { write(Buffer.from('o\\n')); when('three', () => write(Buffer.from('three'))) })`
  const { run_id } = await tool.launch(program(sandbox, 'writer', source))
  const child = sandbox.spawn(['logs', run_id, '--follow'], tool.with({}))
  let stdout = ''
  child.stdout?.setEncoding('utf8').on('data', chunk => {
    stdout += chunk
  })
  const closed = once(child, 'close')
  await until('the first line', () => stdout === '{"line":"one"}\n')
  writeFileSync(join(sandbox.path, 'two'), '')
  await until('the second line', () => stdout === '{"line":"one"}\n{"line":"two"}\n')
  writeFileSync(join(sandbox.path, 'three'), '')
  expect(await closed).toEqual([0, null])
  const { items, last } = jsonLines(stdout)
  expect(items).toEqual([{ line: 'one' }, { line: 'two' }, { line: 'three' }])
  expect(last).toMatchObject({
    _summary: true,
    exit_code: 0,
    command: 'logs',
    items_emitted: 3,
    data: { run_id, status: 'exited', streamed_bytes: 13, streamed_lines: 3 },
  })
})

test('with -n it begins with the last lines, 0 being none, and goes on', async () => {
  const { sandbox, launcher: tool } = launcher()
  const source = `${WRITE}
write(Buffer.from('one\\ntwo\\n'))
let next = 3
when('go', () => {
  const timer = setInterval(() => write(Buffer.from(\`${'${next++}'}\\n\`)), 5)
  when('end', () => clearInterval(timer))
})`
  const { run_id, log_path } = await tool.launch(program(sandbox, 'writer', source))
  await until('the first lines', () => readFileSync(log_path, 'utf8') === 'one\ntwo\n')
  const followers = ['0', '1'].map(lines => {
    const child = sandbox.spawn(['logs', run_id, '-f', '-n', lines, '--format', 'plain'], tool.with({}))
    return { answer: finished(child), begun: once(child.stdout ?? child, 'data') }
  })
  writeFileSync(join(sandbox.path, 'go'), '')
  // Whatever was there when they began, they go on now.
  for (const { begun } of followers) await begun
  writeFileSync(join(sandbox.path, 'end'), '')
  const answers = await Promise.all(followers.map(({ answer }) => answer))
  const log = readFileSync(log_path, 'utf8')
  for (const { stdout } of answers) {
    expect(stdout).toMatch(/^(?:two\n)?\d+\n/)
    expect(`\n${log}`.endsWith(`\n${stdout}`)).toBe(true)
  }
  expect(answers[0]?.stdout).not.toContain('two')
})

test('a log at its limit can be followed: what comes in time comes out, what is gone is told', async () => {
  const { sandbox, launcher: tool } = launcher({ spawn_options: '{ log_max_bytes: 262144 }' })
  const source = `${WRITE}
let next = 0
const go = () => {
  let text = ''
  for (let count = 0; count < 2_000; count += 1) text += \`\${next++} \${'.'.repeat(40)}\\n\`
  write(Buffer.from(text))
  if (next < 100_000) setTimeout(go, 1)
}
when('begin', go)`
  const { run_id } = await tool.launch(program(sandbox, 'writer', source))
  const following = raw(sandbox, tool, ['logs', run_id, '-f'])
  writeFileSync(join(sandbox.path, 'begin'), '')
  const { code, stdout } = await following
  expect(code).toBe(0)
  const { items, last } = jsonLines(stdout.toString())
  const numbers = items
    .filter(item => !('missing_bytes' in item))
    .map(({ line }) => Number.parseInt(String(line), 10))
  const whole = numbers.filter(number => !Number.isNaN(number))
  expect(whole.at(-1)).toBe(99_999)
  // Every line in its order; where the numbers jump, the stream said that something is missing.
  const jumps = whole.filter((number, index) => index > 0 && number !== (whole[index - 1] ?? 0) + 1)
  expect(whole).toEqual([...whole].sort((a, b) => a - b))
  const gaps = items.filter(item => 'missing_bytes' in item)
  expect(jumps.length).toBeLessThanOrEqual(gaps.length * 2)
  const passed = Number((last['data'] as Record<string, unknown>)['streamed_bytes'])
  const missing = gaps.reduce((sum, item) => sum + Number(item['missing_bytes']), 0)
  expect(passed + missing).toBe(
    Array.from({ length: 100_000 }, (_, n) => `${n}`.length + 42).reduce((a, b) => a + b),
  )
})

test('REQ-F-014: a reader that goes away ends it silently, exit 0', async () => {
  const { sandbox, launcher: tool } = launcher()
  const source = `${WRITE}setInterval(() => write(Buffer.from('again\\n')), 5)`
  const { run_id } = await tool.launch(program(sandbox, 'writer', source))
  for (const form of ['plain', 'jsonl']) {
    const line = `{ node '${tool.script}' logs ${run_id} -f --format ${form}; echo $? >code-${form}; } | head -n 1`
    const { stdout, stderr } = await tool.sh(line)
    expect(stdout).toContain('again')
    expect(stderr).toBe('')
    expect(await written(sandbox, `code-${form}`)).toBe('0\n')
  }
  await tool.call(['stop', run_id])
})

test('a signal ends it with the envelope as the last line', async () => {
  const { sandbox, launcher: tool } = launcher()
  const { run_id } = await tool.launch(
    program(sandbox, 'writer', `${WRITE}write(Buffer.from('here\\n')); setInterval(() => {}, 1000)`),
  )
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    const child = sandbox.spawn(['logs', run_id, '-f'], tool.with({}))
    child.stdout?.once('data', () => child.kill(signal))
    const answer = await finished(child)
    expect(answer.code).toBe(code)
    const { items, last } = jsonLines(answer.stdout)
    expect(items).toEqual([{ line: 'here' }])
    expect(last).toMatchObject({ ok: false, error: { code: 'CANCELLED' }, data: { partial: true } })
  }
  await tool.call(['stop', run_id])
})

test('a reader that has stopped reading does not keep it alive after a signal', async () => {
  const { sandbox, launcher: tool } = launcher()
  const source = `${WRITE}write(Buffer.alloc(8_000_000, 'x\\n')); setInterval(() => {}, 1000)`
  const { run_id, log_path } = await tool.launch(program(sandbox, 'writer', source))
  await until('the log', () => readFileSync(log_path).length === 8_000_000)
  for (const form of ['plain', 'jsonl']) {
    const child = sandbox.spawn(['logs', run_id, '-f', '--format', form], tool.with({}))
    // What comes is left in the pipe, which is full soon.
    await stuck(child, log_path)
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([143, null])
    child.stdout?.destroy()
    child.stderr?.destroy()
  }
  await tool.call(['stop', run_id])
})

test('--timeout ends it, exit 10, and the run goes on', async () => {
  const { launcher: tool } = launcher()
  const { run_id } = await tool.launch(SLEEPER)
  const answer = await tool.call(['logs', run_id, '-f', '--timeout', '300ms'])
  expect(answer.code).toBe(10)
  const { items, last } = jsonLines(answer.stdout)
  expect(items).toEqual([])
  expect(last).toMatchObject({ ok: false, error: { code: 'TIMEOUT' }, meta: { exit_code: 10 } })
  expect((await tool.call(['show', run_id])).envelope.data.status).toBe('running')
  await tool.call(['stop', run_id])
})

test('a stdout that cannot be written is said on stderr, exit 1', async () => {
  const { launcher: tool } = launcher()
  const { run_id } = await tool.launch(['echo', 'something'])
  await tool.endOf(run_id)
  for (const form of ['plain', 'jsonl']) {
    const { code, stderr } = await tool.sh(
      `node '${tool.script}' logs ${run_id} -f --format ${form} >/dev/full`,
    )
    expect(code).toBe(1)
    expect(stderr).toContain('STDOUT_UNWRITABLE')
    expect(stderr).not.toContain('    at ')
  }
})

test('a run that nobody holds any more is followed as long as it lives', async () => {
  const { sandbox, launcher: tool } = launcher()
  const source = `${WRITE}write(Buffer.from('alone\\n')); when('end', () => process.exit())`
  const { run_id } = await tool.launch(program(sandbox, 'writer', source))
  const record = JSON.parse(readFileSync(join(tool.state, 'runs', run_id, 'owner.json'), 'utf8'))
  const following = tool.call(['logs', run_id, '-f'])
  // Both at once, so that neither can end the run.
  spawn('kill', ['-KILL', String(record.guard.pid), String(record.owner.pid)])
  await until('the run to be lost', async () => {
    const { envelope } = await tool.call(['show', run_id])
    return envelope.data.owner === 'lost'
  })
  writeFileSync(join(sandbox.path, 'end'), '')
  const { items, last } = jsonLines((await following).stdout)
  expect(items).toEqual([{ line: 'alone' }])
  expect(last).toMatchObject({ _summary: true, data: { status: 'unknown' } })
})

test('the answer of a plain envelope and the contract of logs fit the wire', async () => {
  const { launcher: tool } = launcher()
  const { run_id } = await tool.launch(['echo', 'something'])
  await tool.endOf(run_id)
  expect(checked(await tool.call(['logs', run_id])).data.lines).toEqual(['something'])
  expect(checked(await tool.call(['logs', '--schema'])).data.flags.lines).toMatchObject({ short: 'n' })
})

/** Whether a process has a file open. */
function hasOpen({ pid }: ChildProcess, path: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some(fd => readlinkSync(`/proc/${pid}/fd/${fd}`) === path)
  } catch {
    // It closes one while we look.
    return false
  }
}

/** Resolves once a process has read something from the file, and for a while nothing more. */
async function stuck(child: ChildProcess, path: string): Promise<void> {
  let before = ''
  let quiet_looks = 0
  await until('the process to be stuck', () => {
    const now = /^rchar: (\d+)$/m.exec(readFileSync(`/proc/${child.pid}/io`, 'utf8'))?.[1] ?? ''
    quiet_looks = now === before && hasOpen(child, path) ? quiet_looks + 1 : 0
    before = now
    return quiet_looks > 30
  })
}

/** Bytes pass as they are; the report is the last line, or in a file, and nothing else of ours is anywhere. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import validateEnvelope from '../../../schemas/generated/validate-response-envelope.js'
import validateReport from '../../../schemas/generated/validate-run-report.js'
import { CHAPERONE, Sandbox } from '../harness/sandbox.js'
import { reportOf, runShell, sleeper } from './calls.js'

const MEGABYTE = 1024 * 1024

/** What a call writes, byte for byte. */
async function bytesOf(sandbox: Sandbox, argv: readonly string[], input: Uint8Array): Promise<Buffer[]> {
  const child = spawn(process.execPath, [CHAPERONE, ...argv], { cwd: sandbox.path, env: sandbox.env })
  const pieces: [Buffer[], Buffer[]] = [[], []]
  child.stdout.on('data', bytes => pieces[0].push(bytes))
  child.stderr.on('data', bytes => pieces[1].push(bytes))
  child.stdin.end(input)
  await new Promise(done => child.once('close', done))
  return pieces.map(list => Buffer.concat(list))
}

test.each([['straight'], ['through --capture']])('binary stdin and stdout pass unchanged, %s', async how => {
  const sandbox = Sandbox.create()
  const input = Buffer.concat([randomBytes(3 * MEGABYTE), Buffer.from([0, 0xff, 0x0d, 0x0a, 0x1b])])
  const options = how === 'straight' ? [] : ['--capture']
  const [stdout] = await bytesOf(sandbox, ['run', ...options, '--', 'cat'], input)
  expect(stdout?.equals(input)).toBe(true)
})

test('the report is a line of its own, also where the program ended in the middle of one', async () => {
  const sandbox = Sandbox.create()
  const answer = await runShell(sandbox, [], 'printf half >&2')
  expect(answer.stderr.startsWith('half\n{')).toBe(true)
  const report = reportOf(answer)
  expect(validateEnvelope(report), JSON.stringify(validateEnvelope.errors)).toBe(true)
  expect(validateReport(report.data), JSON.stringify(validateReport.errors)).toBe(true)
})

test('a program that fails to start leaves nothing on stdout, and a report that fits its schema', async () => {
  const answer = await Sandbox.create().call(['run', '--', 'no-such-program'])
  expect(answer.stdout).toBe('')
  expect(validateReport(reportOf(answer).data), JSON.stringify(validateReport.errors)).toBe(true)
})

test('--report writes the report to a file and leaves stderr to the program', async () => {
  const sandbox = Sandbox.create()
  sandbox.file('report.json', 'what was there before')
  const answer = await runShell(sandbox, ['--report', 'report.json'], 'echo said >&2; exit 3')
  expect([answer.code, answer.stdout, answer.stderr]).toEqual([3, '', 'said\n'])
  const report = JSON.parse(readFileSync(join(sandbox.path, 'report.json'), 'utf8'))
  expect(report).toMatchObject({ ok: false, error: { code: 'DELEGATED_EXIT' }, data: { exit_code: 3 } })
  expect(readdirSync(sandbox.path).filter(name => name.startsWith('.'))).toEqual([])
})

test('--report replaces the file that a link names, and writes to a device without replacing it', async () => {
  const sandbox = Sandbox.create()
  const file = sandbox.file('real.json', '')
  symlinkSync(file, join(sandbox.path, 'link.json'))
  await sandbox.call(['run', '--report', 'link.json', '--', 'true'])
  expect(JSON.parse(readFileSync(file, 'utf8')).ok).toBe(true)
  const answer = await sandbox.sh('chaperone run --report /dev/stdout -- true | cat')
  expect([answer.envelope.ok, answer.stderr]).toEqual([true, ''])
})

test('a report that cannot be written is refused before anything is started', async () => {
  const sandbox = Sandbox.create()
  for (const path of ['nowhere/report.json', sandbox.path]) {
    const answer = await runShell(sandbox, ['--report', path], ': > started')
    expect([answer.code, reportOf(answer).error.code]).toEqual([4, 'REPORT_UNWRITABLE'])
  }
  expect(existsSync(join(sandbox.path, 'started'))).toBe(false)
})

test('a report that cannot be written any more goes to stderr, and the code stays the program’s', async () => {
  const sandbox = Sandbox.create()
  sandbox.directory('there')
  const answer = await runShell(sandbox, ['--report', 'there/report.json'], 'rm -r there; exit 5')
  expect(answer.code).toBe(5)
  expect(reportOf(answer).warnings).toMatchObject([{ code: 'REPORT_UNWRITABLE' }])
})

test('--capture keeps both streams, and end-of-file comes with our exit whatever a leftover holds', async () => {
  const sandbox = Sandbox.create()
  const line = 'sleep 300 & echo one; echo two >&2; exit 6'
  const answer = await runShell(sandbox, ['--capture', '--grace', '100ms'], line)
  const report = reportOf(answer)
  expect([answer.code, answer.stdout]).toEqual([6, 'one\n'])
  expect(answer.stderr.startsWith('two\n')).toBe(true)
  expect(readFileSync(report.data.log_path, 'utf8').split('\n').sort()).toEqual(['', 'one', 'two'])
  const logs = await sandbox.call(['logs', report.data.run_id])
  expect([...logs.envelope.data.lines].sort()).toEqual(['one', 'two'])
  await sandbox.sh(report.data.cleanup_command)
  await sandbox.nothingLeft()
})

test('without --capture nothing is kept', async () => {
  const sandbox = Sandbox.create()
  const { data } = reportOf(await runShell(sandbox, [], 'echo one'))
  expect(data.log_path).toBeNull()
  expect((await sandbox.call(['logs', data.run_id])).envelope.error.code).toBe('NO_LOG')
})

test.each([['straight'], ['through --capture']])(
  'a reader that goes ends the program by SIGPIPE, %s',
  async how => {
    const sandbox = Sandbox.create()
    const options = how === 'straight' ? '' : '--capture'
    const answer = await sandbox.sh(
      `{ chaperone run ${options} --report report.json -- yes; echo $? > code; } | head -n 2`,
    )
    expect(answer.stdout).toBe('y\ny\n')
    expect(readFileSync(join(sandbox.path, 'code'), 'utf8')).toBe('141\n')
    expect(JSON.parse(readFileSync(join(sandbox.path, 'report.json'), 'utf8')).data.signal).toBe('SIGPIPE')
  },
)

test('a stderr that nobody reads, or that is closed, costs the report and not the code', async () => {
  const sandbox = Sandbox.create()
  const closed = await sandbox.sh('chaperone run -- sh -c "exit 7" 2>&-')
  expect(closed.code).toBe(7)
  const unread = await sandbox.sh(
    '{ chaperone run -- sh -c "sleep 0.3; exit 8"; echo $? > code; } 2>&1 | true',
  )
  expect([unread.code, readFileSync(join(sandbox.path, 'code'), 'utf8')]).toEqual([0, '8\n'])
})

test('a pipe that leftovers share stays as it was: blocking', async () => {
  const sandbox = Sandbox.create()
  const flags =
    "const line = require('fs').readFileSync('/proc/self/fdinfo/2', 'utf8'); process.stdout.write(line.match(/flags:.*/)[0])"
  sandbox.file('flags.cjs', flags)
  // A second program, on the very pipe that the first call had as stderr, and reported on.
  const answer = await sandbox.sh(
    `{ chaperone run --grace 50ms -- sh -c '${sleeper(1)} &'; grep flags /proc/self/fdinfo/2; } 2>&1 | cat`,
  )
  const [, octal = ''] = /flags:\s+([0-7]+)/.exec(answer.stdout) ?? []
  expect(octal).not.toBe('')
  expect(Number.parseInt(octal, 8) & 0o4000).toBe(0)
  await sandbox.nothingLeft()
})

test('the program has its caller’s environment, pager included, and its run', async () => {
  const sandbox = Sandbox.create()
  const names = ['PAGER', 'GIT_PAGER', 'MARK', 'CHAPERONE_SESSION_ID', 'CHAPERONE_RUN_ID']
  const line = names.map(name => `echo "\${${name}-unset}"`).join('; ')
  const options = ['--session', 's', '--env', 'MARK=a=b']
  const answer = await runShell(sandbox, options, line, { env: { PAGER: 'less' } })
  const { run_id } = reportOf(answer).data
  expect(answer.stdout.trim().split('\n')).toEqual(['less', 'unset', 'a=b', 's', run_id])
})

test('a dry run starts nothing and says what would run', async () => {
  const sandbox = Sandbox.create()
  const answer = await runShell(sandbox, ['--dry-run', '--grace', '1s'], ': > started')
  expect([answer.code, answer.stdout, existsSync(join(sandbox.path, 'started'))]).toEqual([0, '', false])
  expect(reportOf(answer).data).toMatchObject({
    effect: 'would_create',
    plan: { mode: { value: 'strict-run', from: 'default' }, grace: { value: '1s', from: 'command_line' } },
  })
})

test('a template chooses program and mode, and the command line wins', async () => {
  const sandbox = Sandbox.create()
  const home = sandbox.directory('config')
  const directory = sandbox.directory('config/chaperone/templates')
  for (const path of [home, join(home, 'chaperone'), directory]) chmodSync(path, 0o755)
  sandbox.file(
    'config/chaperone/templates/wait.json',
    JSON.stringify({
      argv: ['sh', '-c', `${sleeper(4)} & exit 4`],
      mode: 'follow-descendants',
      linger: '20s',
    }),
  )
  chmodSync(join(directory, 'wait.json'), 0o644)
  const env = { XDG_CONFIG_HOME: home }
  const prepared = await sandbox.call(['run', '-t', 'wait'], { env })
  expect(prepared.code, prepared.stderr).toBe(4)
  expect(reportOf(prepared).data).toMatchObject({ mode: 'follow-descendants', ended_by: 'drained' })
  const given = await sandbox.call(['run', '-t', 'wait', '--linger', '50ms'], { env })
  expect(reportOf(given).data.ended_by).toBe('linger_expired')
  await sandbox.nothingLeft()
})

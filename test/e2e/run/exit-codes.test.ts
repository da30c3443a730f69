/** Whatever remains, and in either mode: our exit code is the program's. */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { cleanUp, reportOf, runShell, sleeper } from './calls.js'

const MODES = [
  ['strict-run', ['--grace', '100ms']],
  ['follow-descendants', ['--mode', 'follow-descendants', '--linger', '100ms']],
] as const

describe.each(MODES)('in %s', (mode, options) => {
  test('no children, clean exit: code 0, nothing left, tracking ended by the program', async () => {
    const answer = await runShell(Sandbox.create(), options, 'echo done')
    const { ok, data, error } = reportOf(answer)
    expect([answer.code, answer.stdout, ok, error]).toEqual([0, 'done\n', true, null])
    expect(data).toMatchObject({
      mode,
      exit_code: 0,
      signal: null,
      exit_reason: 'natural',
      ended_by: 'main_exit',
      background_processes: [],
    })
    expect(data).not.toHaveProperty('cleanup_command')
  })

  test.each([1, 2, 42, 125, 255])(
    'exit %i of the program is ours, with and without leftovers',
    async code => {
      const sandbox = Sandbox.create()
      for (const line of [`exit ${code}`, `${sleeper(300)} & exit ${code}`]) {
        const answer = await runShell(sandbox, options, line)
        const report = reportOf(answer)
        expect([answer.code, report.ok, report.error.code]).toEqual([code, false, 'DELEGATED_EXIT'])
        expect(report.data).toMatchObject({ exit_code: code, signal: null, exit_reason: 'natural' })
        if (line.includes('&')) await cleanUp(sandbox, report)
      }
      await sandbox.nothingLeft()
    },
  )

  test.each([
    ['KILL', 137],
    ['TERM', 143],
    ['USR1', 138],
    ['SEGV', 139],
  ])('an end by SIG%s is exit %i', async (signal, code) => {
    const answer = await runShell(Sandbox.create(), options, `kill -${signal} $$`)
    expect(answer.code).toBe(code)
    expect(reportOf(answer).data).toMatchObject({
      exit_code: null,
      signal: `SIG${signal}`,
      exit_reason: 'signal',
    })
  })
})

test('a program that is not found is exit 127, one that cannot be executed 126, and both are on record', async () => {
  const sandbox = Sandbox.create()
  const plain = sandbox.file('plain.txt', 'no program')
  for (const [program, code, errno] of [
    ['no-such-program', 127, 'ENOENT'],
    [join(sandbox.path, 'nowhere', 'program'), 127, 'ENOENT'],
    [plain, 126, 'EACCES'],
    [sandbox.path, 126, 'EACCES'],
  ] as const) {
    const answer = await sandbox.call(['run', '--', program])
    const report = reportOf(answer)
    expect([answer.code, report.error.code, report.error.context.errno]).toEqual([
      code,
      'START_FAILED',
      errno,
    ])
    expect(report.data).toMatchObject({ main_pid: null, exit_reason: 'start_failed', ended_by: null })
    const shown = await sandbox.call(['show', report.data.run_id])
    expect(shown.envelope.data).toMatchObject({ status: 'failed', exit_reason: 'start_failed' })
  }
})

test('what a program exits with is not taken for a failure of ours', async () => {
  const sandbox = Sandbox.create()
  const program = await sandbox.call(['run', '--', 'sh', '-c', 'exit 2'])
  expect(reportOf(program).error).toMatchObject({ code: 'DELEGATED_EXIT', context: { exit_code: 2 } })
  const ours = await sandbox.call(['run', '--mode', 'loose', '--', 'true'])
  expect([program.code, ours.code, reportOf(ours).error.code]).toEqual([2, 2, 'ARG_ERROR'])
})

/** `run --runtime …` is another spelling of `start`; what belongs to the program is never read. */
import { expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'

test.each([
  ['bg', ['run', '--runtime', 'bg', '--', 'sleep', '300']],
  ['background', ['--session', 'run', 'run', '--runtime=background', 'sleep', '300']],
  [
    'bg with the options of start',
    ['run', '--name', 'nap', '--runtime', 'bg', '--max-lifetime', '1h', '--', 'sleep', '300'],
  ],
])('%s starts a background run and answers as start does', async (_, argv) => {
  const sandbox = Sandbox.create()
  const { code, envelope } = await sandbox.call(argv)
  expect(code, JSON.stringify(envelope)).toBe(0)
  expect(envelope.meta.command).toBe('start')
  const shown = await sandbox.call(['show', envelope.data.run_id])
  expect(shown.envelope.data).toMatchObject({ runtime: 'background', command: ['sleep', '300'] })
  await sandbox.sh(envelope.data.cleanup_command)
  await sandbox.nothingLeft()
})

test('foreground is run itself, and an option of the program is the program’s', async () => {
  const sandbox = Sandbox.create()
  const answer = await sandbox.call(['run', '--runtime', 'foreground', '--', 'echo', '--runtime', 'bg'])
  expect([answer.code, answer.stdout]).toEqual([0, '--runtime bg\n'])
  expect((await sandbox.call(['run', 'echo', '--runtime', 'bg'])).stdout).toBe('--runtime bg\n')
})

test('a runtime that is none is refused by run', async () => {
  const answer = await Sandbox.create().call(['run', '--runtime', 'moon', '--', 'true'])
  expect([answer.code, answer.stdout]).toEqual([2, ''])
})

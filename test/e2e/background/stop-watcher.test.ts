/** `stop-watcher --run`: the watcher that is named is ended, or what was named instead is said. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'
import { isAlive } from '../harness/witness.js'
import { SLEEPER } from './programs.js'

async function watcher(sandbox: Sandbox, session: string) {
  const { code, envelope } = await sandbox.call(['start-watcher', '--dir', '.', '--session', session])
  expect(code, JSON.stringify(envelope)).toBe(0)
  return envelope.data
}

/** A run on record, of which nothing is known but that its id begins with the same digits. */
function namesake(sandbox: Sandbox, run_id: string): string {
  const other = run_id.slice(0, 6) + (run_id.endsWith('000000') ? '111111' : '000000')
  mkdirSync(join(sandbox.state, 'runs', other), { mode: 0o700 })
  return other
}

test('a unique prefix ends exactly the watcher that it names, and once it has ended the same call changes nothing', async () => {
  const sandbox = Sandbox.create()
  const one = await watcher(sandbox, 'both')
  const two = await watcher(sandbox, 'both')
  const run = one.run_id.slice(0, 11)
  const stopped = await sandbox.call(['stop-watcher', '--run', run])
  expect(stopped.code, stopped.stdout).toBe(0)
  expect(stopped.envelope.data).toMatchObject({
    effect: 'updated',
    stopped: [{ run_id: one.run_id, outcome: 'stopped' }],
  })
  expect([one, two].map(({ background_pid }) => isAlive(background_pid))).toEqual([false, true])
  for (const again of [
    await sandbox.call(['stop-watcher', '--run', run]),
    await sandbox.sh(one.cleanup_command),
  ]) {
    expect(again.code, again.stdout).toBe(0)
    expect(again.envelope.data).toMatchObject({
      effect: 'noop',
      stopped: [{ run_id: one.run_id, outcome: 'already_ended' }],
    })
  }
  expect((await sandbox.sh(two.cleanup_command)).code).toBe(0)
  await sandbox.nothingLeft()
})

test('a watcher that ended by itself is none to stop, and no failure', async () => {
  const sandbox = Sandbox.create()
  const { run_id, background_pid } = await watcher(sandbox, 'gone')
  process.kill(background_pid, 'SIGTERM')
  await sandbox.nothingLeft()
  const { code, envelope } = await sandbox.call(['stop-watcher', '--run', run_id])
  expect([code, envelope.data.effect]).toEqual([0, 'noop'])
})

test('a prefix of several runs is exit 2 with the candidates, as for stop, and nothing is ended', async () => {
  const sandbox = Sandbox.create()
  const { run_id, background_pid, cleanup_command } = await watcher(sandbox, 'here')
  const other = namesake(sandbox, run_id)
  const prefix = run_id.slice(0, 6)
  for (const argv of [
    ['stop', '--run', prefix],
    ['stop-watcher', '--run', prefix],
    ['stop-watcher', '--session', 'here', '--run', prefix],
  ]) {
    const { code, envelope } = await sandbox.call(argv)
    expect(code, argv.join(' ')).toBe(2)
    expect(envelope.error).toMatchObject({ code: 'ARG_ERROR', phase: 'validation' })
    const [fault] = envelope.error.errors
    expect(fault.field).toBe('run')
    expect(fault.message).toContain(`names 2 runs: ${[run_id, other].sort().join(', ')}`)
  }
  expect(isAlive(background_pid)).toBe(true)
  expect((await sandbox.sh(cleanup_command)).code).toBe(0)
})

test('an id that no run has is exit 5, also where nothing was ever recorded', async () => {
  const sandbox = Sandbox.create()
  const refuses = async () => {
    for (const run of ['000000000000', '0000']) {
      const { code, envelope } = await sandbox.call(['stop-watcher', '--run', run])
      expect([code, envelope.error.code]).toEqual([5, 'RUN_NOT_FOUND'])
      expect(envelope.error.context).toEqual({ run })
      expect((await sandbox.sh(envelope.error.fix_command)).code).toBe(0)
    }
  }
  await refuses()
  const { cleanup_command } = await watcher(sandbox, 'here')
  await refuses()
  expect((await sandbox.sh(cleanup_command)).code).toBe(0)
})

test('a run that is no watcher is refused with exit 4 and left alone; the fix ends it', async () => {
  const sandbox = Sandbox.create()
  const { envelope: started } = await sandbox.call(['start', '--', ...SLEEPER])
  const { run_id, background_pid } = started.data
  const { code, envelope } = await sandbox.call(['stop-watcher', '--run', run_id])
  expect([code, envelope.error.code]).toEqual([4, 'NOT_A_WATCHER'])
  expect(envelope.error).toMatchObject({ context: { run_id, command: 'start' }, retryable: false })
  expect(envelope.warnings).toEqual([])
  expect(isAlive(background_pid)).toBe(true)
  expect((await sandbox.sh(envelope.error.fix_command)).code).toBe(0)
  await until('its end', () => !isAlive(background_pid))
  // Ended or not, it was no watcher.
  expect((await sandbox.call(['stop-watcher', '--run', run_id])).envelope.error.code).toBe('NOT_A_WATCHER')
  await sandbox.nothingLeft()
})

test('a watcher of another session than the one given is refused; a session of the environment hides none', async () => {
  const sandbox = Sandbox.create()
  const { run_id, background_pid } = await watcher(sandbox, 'here')
  const refused = await sandbox.call(['stop-watcher', '--session', 'there', '--run', run_id])
  expect([refused.code, refused.envelope.error.code]).toEqual([4, 'OTHER_SESSION'])
  expect(isAlive(background_pid)).toBe(true)
  const env = { CHAPERONE_SESSION_ID: 'there' }
  const stopped = await sandbox.sh(refused.envelope.error.fix_command, { env })
  expect(stopped.envelope.data).toMatchObject({ effect: 'updated', stopped: [{ run_id }] })
  expect(isAlive(background_pid)).toBe(false)
  await sandbox.nothingLeft()
})

test('a run whose records do not tell what it is is refused, not taken for a watcher', async () => {
  const sandbox = Sandbox.create()
  const { run_id, cleanup_command } = await watcher(sandbox, 'here')
  expect((await sandbox.sh(cleanup_command)).code).toBe(0)
  writeFileSync(join(sandbox.state, 'runs', run_id, 'intent.json'), '{')
  const { code, envelope } = await sandbox.call(['stop-watcher', '--run', run_id])
  expect([code, envelope.error.code]).toEqual([4, 'RECORDS_UNUSABLE'])
  expect((await sandbox.sh(envelope.error.fix_command)).envelope.data.damaged).toMatchObject([
    { record: 'intent' },
  ])
})

/** One command with a tracked child and a background process: which of the two outlives what. */
import { expect, test } from 'vitest'
import { finished, Sandbox } from '../harness/sandbox.js'
import { isAlive } from '../harness/witness.js'
import { BACKGROUND, envelopesIn, go, logged, pidIn, probe } from './probe.js'

const BOTH = `
  void ctx.run(['sh', '-c', 'echo $$ > tracked; sleep 1000 & echo $! > below-tracked; wait'])
  await ctx.background.spawn(['sh', '-c', 'echo $$ > background; sleep 1000 & echo $! > below-background; wait'])
  while (!['tracked', 'below-tracked', 'background', 'below-background'].every(name => existsSync(join(here, name)))) await pause(5)
`
const pidsOf = (sandbox: Sandbox, what: string) =>
  Promise.all([pidIn(sandbox, what), pidIn(sandbox, `below-${what}`)])

test('the tracked child ends with the call, the background process lives on, and later calls touch neither', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `if (existsSync(join(here, 'background'))) { await ctx.background.existing(ctx.env.RUN); await ctx.run(['true']); if (ctx.env.WAIT) { note('waits'); await forever() } if (ctx.env.FAIL) throw ctx.exit.GENERAL_ERROR('no'); return {} }
     ${BOTH}
     return {}`,
    { contract: BACKGROUND },
  )
  const first = await go(sandbox, script, ['--session', 's1']).answer
  expect(first.code, first.stdout).toBe(0)
  const { data } = first.envelope
  const tracked = await pidsOf(sandbox, 'tracked')
  const background = await pidsOf(sandbox, 'background')
  expect(tracked.map(isAlive)).toEqual([false, false])
  expect(background.map(isAlive)).toEqual([true, true])
  expect(data.background_pid).toBe(background[0])

  const later = (env: Record<string, string>) =>
    sandbox.call(['go', '--session', 's1'], { script, env: { RUN: data.run_id, ...env } })
  const answers = [await later({}), await later({ FAIL: '1' })]
  const waits = sandbox.spawn(['go', '--session', 's1'], { script, env: { RUN: data.run_id, WAIT: '1' } })
  const cancelled = finished(waits)
  await logged(sandbox, 'waits')
  waits.kill('SIGTERM')
  expect([...answers, await cancelled].map(({ code }) => code)).toEqual([0, 1, 143])
  expect(background.map(isAlive)).toEqual([true, true])

  const stopped = await sandbox.sh(data.cleanup_command)
  expect(stopped.code, stopped.stdout + stopped.stderr).toBe(0)
  expect(background.map(isAlive)).toEqual([false, false])
  await sandbox.nothingLeft()
})

for (const [how, end, act, code] of [
  ['SIGTERM', 'await forever()', 'SIGTERM', 143],
  ['SIGINT', 'await forever()', 'SIGINT', 130],
  ['a thrown exit', `throw ctx.exit.GENERAL_ERROR('no')`, null, 1],
  [
    'an error in a callback of the handler',
    `setTimeout(() => { throw new Error('no') }); await forever()`,
    null,
    1,
  ],
] as const) {
  test(`${how} after the start of a background process but before the answer ends it and the tracked child`, async () => {
    const sandbox = Sandbox.create()
    const script = probe(sandbox, `${BOTH}\nnote('ready')\n${end}`, { contract: BACKGROUND })
    const { child, answer } = go(sandbox, script)
    await logged(sandbox, 'ready')
    if (act) child.kill(act)
    const { code: exit_code, stdout } = await answer
    expect(exit_code, stdout).toBe(code)
    const pids = [...(await pidsOf(sandbox, 'tracked')), ...(await pidsOf(sandbox, 'background'))]
    expect(pids.filter(isAlive)).toEqual([])
    const [envelope] = envelopesIn(stdout)
    expect(envelope).not.toHaveProperty('data.background_pid')
    await sandbox.nothingLeft()
  })
}

test('SIGKILL after the start of a background process but before the answer ends both', async () => {
  const sandbox = Sandbox.create()
  const script = probe(sandbox, `${BOTH}\nnote('ready')\nawait forever()`, { contract: BACKGROUND })
  const { child, answer } = go(sandbox, script)
  await logged(sandbox, 'ready')
  child.kill('SIGKILL')
  await answer
  await sandbox.nothingLeft()
})

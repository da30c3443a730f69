/** Tools with different names below one state home: each sees its own runs only, and ends nobody else's. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { isAlive } from '../harness/witness.js'
import { Launcher } from './launcher.js'
import { SLEEPER } from './programs.js'

test('two tools below one state home do not see each other, whatever the session', async () => {
  const sandbox = Sandbox.create()
  const env = { XDG_STATE_HOME: join(sandbox.path, 'home-of-state') }
  const names = ['alpha', 'beta'] as const
  const tools = names.map(name => new Launcher(sandbox, { name }))
  const with_env = (name: string) => ({ env: { ...env, [`${name.toUpperCase()}_STATE_DIR`]: undefined } })
  const [alpha, beta] = await Promise.all(
    tools.map((tool, i) => tool.launch(SLEEPER, { session: 'shared', ...with_env(names[i] ?? '') })),
  )
  const [tool] = tools
  if (!alpha || !beta || !tool) throw new Error('two tools were started')
  expect(alpha.pid_file).toBe(join(env.XDG_STATE_HOME, 'alpha', 'sessions', 'shared', 'children.pids'))

  const call = (...argv: string[]) => tool.call(argv, with_env('alpha'))
  expect((await call('ps')).envelope.data.runs).toMatchObject([{ run_id: alpha.run_id }])
  expect((await call('stop', beta.run_id)).code).toBe(5)
  expect((await call('show', beta.run_id)).code).toBe(5)
  const stopped = await call('session', 'stop', 'shared')
  expect(stopped.envelope.data.stopped).toMatchObject([{ run_id: alpha.run_id, outcome: 'stopped' }])
  expect((await call('cleanup', '--all-sessions', '--scope', 'all')).code).toBe(0)
  expect(isAlive(beta.background_pid)).toBe(true)
  expect(existsSync(beta.log_path)).toBe(true)

  const other = await tools[1]?.call(['session', 'stop', 'shared'], with_env('beta'))
  expect(other?.code).toBe(0)
  expect(isAlive(beta.background_pid)).toBe(false)
})

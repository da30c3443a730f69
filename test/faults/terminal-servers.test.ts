/** The server behind a terminal hangs: whoever asks it gives up. */
import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { until } from '../e2e/harness/until.js'
import { Launch } from './harness/launch.js'
import { inEveryWay, type Method } from './harness/ways.js'
import { World } from './harness/world.js'

const has_tmux = spawnSync('tmux', ['-V']).status === 0
const needs = has_tmux ? '' : ' (needs tmux)'

inEveryWay(['start'], ({ method }) => {
  describe.skipIf(!has_tmux)(`the server of a terminal is stopped${needs}`, () => {
    test('the owner of a run that ends goes all the same', async () => {
      const { world, launch, run_id, server } = await hung(method)
      const { owner } = launch.read(run_id, 'owner')
      expect((await launch.call(['stop', run_id])).code).toBe(0)
      await until('it to end', async () => (await world.survivors()).every(({ pid }) => pid !== owner.pid))
      expect((await world.survivors()).find(({ pid }) => pid === server.pid)?.state).toBe('T')
      expect(await world.witness.kill(server, 'SIGCONT')).toBe(true)
      await world.nothingLeft()
    })
  })
})

/** A run on the terminal of session `s`, whose server was stopped meanwhile. */
async function hung(method: Method) {
  const world = World.create(method)
  const launch = new Launch(world, 'start', ['sleep', '3600'], ['--runtime', 'tmux'])
  const { run_id } = await launch.begin('s')
  const server = (await world.survivors()).find(({ comm }) => comm === 'tmux: server')
  if (!server) throw new Error('no server of tmux')
  expect(await world.witness.kill(server, 'SIGSTOP')).toBe(true)
  return { world, launch, run_id, server }
}

/** The server behind a terminal hangs: whoever asks it gives up, nothing of the session is left, and nobody is told so before. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { until } from '../e2e/harness/until.js'
import { Launch } from './harness/launch.js'
import { inEveryWay, type Method } from './harness/ways.js'
import { World } from './harness/world.js'

const has_tmux = spawnSync('tmux', ['-V']).status === 0
const needs = has_tmux ? '' : ' (needs tmux)'

inEveryWay(['start'], ({ method }) => {
  test.skipIf(!has_tmux)(
    `it is stopped: the owner of a run that ends goes all the same${needs}`,
    async () => {
      const { world, launch, run_id, owner, server } = await hung(method)
      expect((await launch.call(['stop', run_id])).code).toBe(0)
      await until('it to end', async () => (await world.survivors()).every(({ pid }) => pid !== owner.pid))
      expect((await world.survivors()).find(({ pid }) => pid === server.pid)?.state).toBe('T')
      expect(await world.witness.kill(server, 'SIGCONT')).toBe(true)
      await world.nothingLeft()
    },
  )
})

test.skipIf(!has_tmux)(
  `it is stopped: the stop of its session ends it, and says so once it has gone${needs}`,
  async () => {
    const { world, launch, socket } = await hung('snapshot')
    const { code, stdout, envelope } = await launch.call(['session', 'stop', 's'])
    expect(await world.survivors()).toEqual([])
    expect(code, stdout).toBe(0)
    expect(envelope.data).toMatchObject({ session_stopped: true, stopped: [{ outcome: 'stopped' }] })
    expect(existsSync(socket)).toBe(false)
  },
)

test.skipIf(!has_tmux)(
  `it is stopped and the owner killed: the stop of the session ends what is left${needs}`,
  async () => {
    const { world, launch, run_id, owner, socket } = await hung('snapshot')
    expect(await world.witness.kill(owner, 'SIGKILL')).toBe(true)
    await launch.record(run_id, 'end')
    const { code, stdout, envelope } = await launch.call(['session', 'stop', 's'])
    expect(code, stdout).toBe(0)
    expect(envelope.data.session_stopped).toBe(true)
    await world.nothingLeft()
    expect(existsSync(socket)).toBe(false)
  },
)

test.skipIf(!has_tmux)(
  `it is stopped: a start that gives up leaves nobody behind that asks it${needs}`,
  async () => {
    const { world, launch, run_id, socket } = await hung('snapshot')
    const before = (await world.survivors()).map(({ pid }) => pid)
    const argv = ['start', '--runtime', 'tmux', '--session', 's', '--timeout', '2s', '--', 'sleep', '3600']
    const { code, stdout } = await launch.call(argv)
    expect(code, stdout).toBe(10)
    expect((await world.survivors()).filter(({ pid }) => !before.includes(pid))).toEqual([])
    expect(await launch.call(['session', 'stop', 's'])).toMatchObject({ code: 0 })
    await world.nothingLeft()
    expect([existsSync(socket), launch.read(run_id, 'end')?.stop_cause]).toEqual([false, 'session_stop'])
  },
)

test.skipIf(!has_tmux)(
  `what listens in its place and is no tmux is not signalled, and the session not called stopped${needs}`,
  async () => {
    const { world, launch, run_id, socket } = await onTerminal('snapshot')
    expect((await launch.call(['stop', run_id])).code).toBe(0)
    await world.nothingLeft()
    const listens = "require('net').createServer(() => {}).listen(process.argv[1])"
    const other = await world.exec([process.execPath, '-e', listens, socket])
    await until('it to listen', () => existsSync(socket))
    const { code, envelope } = await launch.call(['session', 'stop', 's'])
    expect([code, envelope.error.code, envelope.data.session_stopped]).toEqual([3, 'SURVIVORS', false])
    expect(existsSync(socket)).toBe(true)
    expect(await other.kill('SIGKILL')).toBe(true)
    expect((await launch.call(['session', 'stop', 's'])).envelope.data.session_stopped).toBe(true)
  },
)

/** A run on the terminal of session `s`. */
async function onTerminal(method: Method) {
  const world = World.create(method)
  const launch = new Launch(world, 'start', ['sleep', '3600'], ['--runtime', 'tmux'])
  const { run_id, owner } = await launch.begin('s')
  const { socket } = (await launch.call(['show', run_id])).envelope.data.handle
  return { world, launch, run_id, owner, socket }
}

/** As above, and its server was stopped meanwhile. */
async function hung(method: Method) {
  const terminal = await onTerminal(method)
  const { witness } = terminal.world
  const server = (await witness.list()).find(({ comm }) => comm === 'tmux: server')
  if (!server) throw new Error('no server of tmux')
  expect(await witness.kill(server, 'SIGSTOP')).toBe(true)
  return { ...terminal, server }
}

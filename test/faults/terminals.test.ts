/** The terminal goes, or its keys reach everybody on it, or the server behind it is killed: what sat on it ends whole. */
import { execFileSync, spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CHAPERONE } from '../e2e/harness/sandbox.js'
import { until } from '../e2e/harness/until.js'
import { Launch } from './harness/launch.js'
import { inEveryWay, type Way } from './harness/ways.js'
import { commandOf, program, World } from './harness/world.js'

/** One child in the group, one in a session of its own, and one there that ignores what a terminal says. */
const FAMILY = [
  'sh',
  '-c',
  `sleep 3600 & setsid sleep 3600 & setsid sh -c "trap '' HUP INT; : >deaf; exec sleep 3600" & sleep 3600`,
]
const FAMILY_SIZE = 4
const CTRL_C = '\x03'

const has_tmux = spawnSync('tmux', ['-V']).status === 0

inEveryWay(['run', 'ctx.run'], way => {
  test('the terminal is closed: the family goes, and a run in the background stays', async () => {
    const { world, launch, terminal } = await onTerminal(way)
    expect(await terminal.kill('SIGKILL')).toBe(true)
    await expectEnded(world, launch)
  })

  test('Ctrl-C for all on the terminal: the family goes, and a run in the background stays', async () => {
    const { world, launch, terminal, keys } = await onTerminal(way)
    appendFileSync(keys, CTRL_C)
    expect((await terminal.answer).code).toBe(130)
    await expectEnded(world, launch)
  })
})

const FOREVER: Readonly<Record<string, readonly string[]>> = {
  run: ['run', '--', 'sleep', '3600'],
  wait: ['wait', '--session', 'beside'],
  'events --follow': ['events', '--follow'],
}

inEveryWay(Object.keys(FOREVER), ({ verb, method }) => {
  test('its terminal is closed: it exits as by SIGHUP, and does not crash', async () => {
    const world = World.create(method)
    expect((await world.call(['start', '--session', 'beside', '--', 'sleep', '7200'])).code).toBe(0)
    const keys = join(world.path, 'keys')
    execFileSync('mkfifo', [keys])
    // The leader of the session alone is told of its terminal's end. This one tells its group, and waits once more.
    const script = `"$@" <&0 & child=$!; trap "trap '' HUP; kill -HUP 0" HUP; wait $child; wait $child; echo $? >code`
    const shell = ['sh', '-c', script, 'sh']
    const argv = [process.execPath, CHAPERONE, ...(FOREVER[verb] ?? [])]
    const terminal = await world.exec([program('on-terminal'), keys, ...shell, ...argv])
    await until('the call to listen', async () =>
      (await world.survivors()).some(({ pid }) => commandOf(pid) === argv.join(' ') && hearsHangup(pid)),
    )
    if (verb === 'run') await until('its program', async () => (await named(world, 'sleep')).length === 2)
    expect(await terminal.kill('SIGKILL')).toBe(true)
    expect(await world.textIn('code')).toBe('129\n')
    expect((await world.call(['session', 'stop', 'beside'])).code).toBe(0)
    await world.nothingLeft()
  })
})

/** Whether a process has a handler for SIGHUP (proc_pid_status(5)). */
function hearsHangup(pid: number): boolean {
  const path = `/proc/${pid}/status`
  const caught = existsSync(path) ? /^SigCgt:\t(\w+)$/m.exec(readFileSync(path, 'utf8'))?.[1] : undefined
  return caught !== undefined && (BigInt(`0x${caught}`) & 1n) === 1n
}

inEveryWay(['start'], ({ method }) => {
  test.skipIf(!has_tmux)(
    `the server of a terminal is killed: the family goes${has_tmux ? '' : ' (needs tmux)'}`,
    async () => {
      const world = World.create(method)
      const launch = new Launch(world, 'start', FAMILY, ['--runtime', 'tmux'])
      const { answer } = await world.exec(launch.argv('s'))
      expect((await answer).code).toBe(0)
      await complete(world)
      const [server, ...others] = (await world.survivors()).filter(({ comm }) => comm.startsWith('tmux'))
      expect(others).toEqual([])
      if (!server) throw new Error('no server of tmux')
      expect(await world.witness.kill(server, 'SIGKILL')).toBe(true)
      await world.nothingLeft()
      const end = await launch.record(await launch.runOf('s'), 'end')
      expect(end).toMatchObject({ survivors: [], leftovers: [] })
      expect((await launch.call(['ps'])).envelope.data.runs).toEqual([])
    },
  )
})

inEveryWay(['start'], ({ method }) => {
  test.skipIf(!has_tmux)(
    `the server of a terminal is stopped while a run ends: the others keep theirs${has_tmux ? '' : ' (needs tmux)'}`,
    async () => {
      const world = World.create(method)
      const started = async (): Promise<string> => {
        const argv = ['start', '--runtime', 'tmux', '--session', 's', '--', 'sleep', '3600']
        const { code, stdout, envelope } = await world.call(argv)
        expect(code, stdout).toBe(0)
        return envelope.data.run_id
      }
      const [ending, staying] = [await started(), await started()]
      const launch = new Launch(world, 'start', [])
      const { owner } = launch.read(ending, 'owner')
      const server = (await named(world, 'tmux: server'))[0]
      if (!server) throw new Error('no server of tmux')
      expect(await world.witness.kill(server, 'SIGSTOP')).toBe(true)
      expect((await world.call(['stop', ending])).code).toBe(0)
      const isAsked = async () => (await named(world, 'tmux: client')).length > 0
      await until('its owner to ask the server', isAsked)
      await until('it to give up', async () => !(await isAsked()))
      expect(await world.witness.kill(server, 'SIGCONT')).toBe(true)
      await until('it to end', async () => (await world.survivors()).every(({ pid }) => pid !== owner.pid))

      const { socket } = (await launch.call(['show', staying])).envelope.data.handle
      const windows = await world.exec(['tmux', '-S', socket, 'list-sessions', '-F', '#{session_name}'])
      const listed = await windows.answer
      expect(listed.code, listed.stderr).toBe(0)
      expect(listed.stdout).toContain(staying)
      expect((await launch.call(['stop', staying])).code).toBe(0)
      await world.nothingLeft()
      expect(existsSync(socket)).toBe(false)
    },
  )
})

/** A call that runs the family on a terminal of its own, after another one there has started a run in the background. */
async function onTerminal({ verb, method }: Way) {
  const world = World.create(method)
  const launch = new Launch(world, verb, FAMILY)
  const keys = join(world.path, 'keys')
  execFileSync('mkfifo', [keys])
  const both = world.file(
    'both.sh',
    `"$NODE" "$CHAPERONE" start --session beside -- tail -f /dev/null >beside.json && exec "$@"\n`,
  )
  const terminal = await world.exec([program('on-terminal'), keys, 'sh', both, ...launch.argv('s')], {
    env: { NODE: process.execPath, CHAPERONE },
  })
  const { run_id } = await launch.running('s')
  await launch.seen(run_id, await complete(world))
  return { world, launch, terminal, keys }
}

/** @returns the pids of the family but for its first, as soon as all are what they will be */
async function complete(world: World): Promise<number[]> {
  await until('the family', async () => (await named(world, 'sleep')).length === FAMILY_SIZE)
  expect(existsSync(join(world.path, 'deaf'))).toBe(true)
  return (await named(world, 'sleep')).map(({ pid }) => pid)
}

/** Nothing is left but the run beside; then that one is ended, too. */
async function expectEnded(world: World, launch: Launch): Promise<void> {
  const end = await launch.record(await launch.runOf('s'), 'end')
  expect(end).toMatchObject({ survivors: [], leftovers: [] })
  await until('the family to be gone', async () => (await named(world, 'sleep')).length === 0)
  expect(await named(world, 'tail')).toHaveLength(1)
  expect((await world.call(['session', 'stop', 'beside'])).code).toBe(0)
  await world.nothingLeft()
}

const named = async (world: World, comm: string) => (await world.survivors()).filter(one => one.comm === comm)

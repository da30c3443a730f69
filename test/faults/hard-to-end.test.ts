/**
 * Members that do not end when they are told to: after the grace they are gone, or listed as survivors with exit 3. A
 * zombie never counts as alive, whoever fails to reap it.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../e2e/harness/until.js'
import { inBatches } from './harness/batches.js'
import { canTrace } from './harness/kill-at.js'
import { Launch } from './harness/launch.js'
import { inEveryWay } from './harness/ways.js'
import type { Below } from './harness/witness.js'
import { commandOf, program, World } from './harness/world.js'

const is_traceable = canTrace()
const is_root = process.getuid?.() === 0

/** How each looks to others when it is ready (proc_pid_stat(5)). */
const STATES: Readonly<Record<string, RegExp>> = {
  ignoring: /S/,
  stopped: /T/,
  stopping: /T/,
  'zombie-parent': /S/,
  leaderless: /Z/,
  ...(is_traceable ? { traced: /S/ } : {}),
  vforked: /[DS]/,
  ...(is_root ? { 'another-user': /S/ } : {}),
}
const KINDS = Object.keys(STATES)
const without = `${is_traceable ? '' : ', without ptrace none that is traced'}${is_root ? '' : ', without root no other user'}`
const GRACE = ['--kill-after', '300ms']
const AT_ONCE = 3

/** Without the capability to signal what is another user's (capabilities(7)), as nobody but root has it. */
const POWERLESS = ['setpriv', '--bounding-set', '-kill', '--inh-caps', '-kill', '--']
const can_be_powerless =
  is_root && spawnSync(POWERLESS[0] ?? '', [...POWERLESS.slice(1), 'true']).status === 0

inEveryWay(['start', 'run', 'ctx.run'], ({ verb, method }) => {
  test(`below the main process, all together: gone when the stop answers${without}`, async () => {
    const world = World.create(method)
    const all = KINDS.map(kind => `${program('hard-to-end')} ${kind} &`).join('\n')
    const launch = new Launch(world, verb, ['sh', '-c', `${all} wait; sleep 3600`])
    const { run_id } = await launch.begin('s')
    for (const kind of KINDS) await ready(world, kind)
    await stopped(world, launch, run_id)
    await world.nothingLeft()
  })

  test(`as the main process, each by itself: gone when the stop answers${without}`, async () => {
    const world = World.create(method)
    // Each by the name of its session, which a program finds in its environment.
    const line = `exec ${program('hard-to-end')} "\${CHAPERONE_SESSION_ID:-$PROBE_SESSION_ID}"`
    const launch = new Launch(world, verb, ['sh', '-c', line])
    await inBatches(KINDS, AT_ONCE, async kind => {
      await world.exec(launch.argv(kind))
      const { run_id } = await launch.running(kind)
      await ready(world, kind)
      expect(await members(world, kind), kind).not.toEqual([])
      await stopped(world, launch, run_id, kind)
    })
    await world.nothingLeft()
  })

  test.skipIf(!can_be_powerless)(
    `what cannot be signalled is listed, exit 3, as long as it lives${can_be_powerless ? '' : ' (needs root, and setpriv)'}`,
    async () => {
      const world = World.create(method)
      const line = `${program('hard-to-end')} another-user & exec sleep 3600`
      const launch = new Launch(world, verb, ['sh', '-c', line])
      await world.exec([...POWERLESS, ...launch.argv('s')])
      const { run_id } = await launch.running('s')
      const { pid, start_time } = await ready(world, 'another-user')
      const survivors = [{ pid, tried: true }]

      const first = await launch.call(['stop', run_id, ...GRACE])
      expect(first.code, first.stdout).toBe(3)
      expect(first.envelope.data.stopped).toMatchObject([{ outcome: 'survivors', survivors }])
      expect(await members(world)).toMatchObject([{ pid }])
      expect((await launch.call(['ps'])).envelope.data.runs).toMatchObject([{ run_id, leftovers: 1 }])

      expect(await world.witness.kill({ pid, start_time }, 'SIGKILL')).toBe(true)
      await world.nothingLeft()
      const again = await launch.call(['stop', run_id, ...GRACE])
      expect(again.code, again.stdout).toBe(0)
      expect((await launch.call(['ps'])).envelope.data.runs).toEqual([])
    },
  )
})

/**
 * Those of a kind, or all, that live: also where the first thread has ended, so that the state is a zombie's, for of
 * all threads only those that go on have a command line (proc_pid_cmdline(5)).
 */
async function members(world: World, kind = ''): Promise<Below[]> {
  const command = [program('hard-to-end'), kind].join(' ')
  return (await world.witness.list()).filter(({ pid }) =>
    threadsOf(pid).some(thread =>
      kind === '' ? commandOf(thread).startsWith(command) : commandOf(thread) === command,
    ),
  )
}

function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number)
  } catch {
    return []
  }
}

/** Waits until one of a kind is what it is to be. */
async function ready(world: World, kind: string): Promise<Below> {
  const pid = await until(`${kind} to be ready`, () => Number(read(join(world.path, `ready.${kind}`))))
  return until(`${kind}, process ${pid}, to look like it`, async () =>
    (await world.witness.list()).find(
      one => one.pid === pid && (kind === 'vforked' || STATES[kind]?.test(one.state)),
    ),
  )
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** @param kind of which nobody lives any more when the stop answers; without it, all */
async function stopped(world: World, launch: Launch, run_id: string, kind?: string): Promise<void> {
  const answer = await launch.call(['stop', run_id, ...GRACE])
  expect(await members(world, kind), answer.stdout).toEqual([])
  expect(answer.code, answer.stdout).toBe(0)
  expect(answer.envelope.data.stopped).toMatchObject([{ run_id, outcome: 'stopped', survivors: [] }])
}

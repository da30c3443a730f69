/**
 * Members that do not end when they are told to: after the grace they are gone, or listed as survivors with exit 3. A
 * zombie never counts as alive, whoever fails to reap it.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CHAPERONE } from '../e2e/harness/sandbox.js'
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

const NOBODY = 65534
/** An ordinary user, whom no closed directory of the machine keeps from Node: no capability that bears on a signal. */
const AS_NOBODY = [
  ...['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'],
  ...['--inh-caps', '+dac_read_search', '--ambient-caps', '+dac_read_search', '--'],
]
const can_set_user_id = canSetUserId()

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

  test.skipIf(!can_set_user_id)(
    `what executes a set-user-id file of root's keeps its real user, and is gone when the stop answers${can_set_user_id ? '' : ' (needs root, setpriv, and a disk without nosuid)'}`,
    async () => {
      const world = World.create(method)
      for (const path of [world.path, join(world.path, 'tmp')]) chownSync(path, NOBODY, NOBODY)
      const powerful = setUserId(program('hard-to-end'), world.path)
      const launch = new Launch(world, verb, ['sh', '-c', `${powerful} ignoring & exec sleep 3600`])
      const { run_id } = await launch.begin('s', AS_NOBODY)
      const { pid } = await ready(world, 'ignoring')
      // Real, effective, saved, and that of the file system (proc_pid_status(5)).
      expect(read(`/proc/${pid}/status`)).toMatch(new RegExp(`^Uid:\\t${NOBODY}\\t0\\t0\\t0$`, 'm'))
      const answer = await launch.call(['stop', run_id, ...GRACE], AS_NOBODY)
      expect((await world.survivors()).filter(one => one.pid === pid)).toEqual([])
      expect(answer.code, answer.stdout).toBe(0)
      expect(answer.envelope.data.stopped).toMatchObject([{ run_id, outcome: 'stopped', survivors: [] }])
      await world.nothingLeft()
    },
  )
})

/** A copy of a program that has its owner's rights, whoever executes it (execve(2)). @returns its path */
function setUserId(program: string, directory: string): string {
  const path = join(directory, 'set-user-id')
  copyFileSync(program, path)
  chmodSync(path, 0o4755)
  return path
}

/** Whether an ordinary user can use the tool, and a set-user-id file has its effect where worlds are. */
function canSetUserId(): boolean {
  if (!is_root) return false
  const directory = mkdtempSync(join(tmpdir(), 'chaperone-set-user-id-'))
  try {
    chmodSync(directory, 0o755)
    const [setpriv = '', ...words] = AS_NOBODY
    const asNobody = (...argv: string[]) => spawnSync(setpriv, [...words, ...argv], { encoding: 'utf8' })
    const uses = asNobody(process.execPath, CHAPERONE, '--version')
    return uses.status === 0 && asNobody(setUserId('/usr/bin/id', directory), '-u').stdout.trim() === '0'
  } catch {
    return false
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

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

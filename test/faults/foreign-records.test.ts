/**
 * A state root that several machines, PID namespaces or boots share. Of what runs elsewhere nothing is known: no signal,
 * no verdict, nothing written. Of what ran before the machine booted everything is over, whoever has its pids now.
 */
import { existsSync, lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../e2e/harness/until.js'
import { Launch } from './harness/launch.js'
import { asSpace, canMake, type Space } from './harness/space.js'
import { inEveryWay, type Way } from './harness/ways.js'
import { program, World, type WorldAnswer } from './harness/world.js'

const bound = (path: string, content: string): Space => ({
  mounts: `printf '%s\\n' ${content} >"$WORLD/$$" && mount --bind "$WORLD/$$" ${path}`,
})
const HOST = bound('/etc/machine-id', '0123456789abcdef0123456789abcdef')
const BOOT = bound('/proc/sys/kernel/random/boot_id', '01234567-89ab-4def-8123-456789abcdef')
const PIDS: Space = { has_pids: true }

/** The owner's own, where it lives. */
const JOURNAL = 'seen.log'
const PID_FILE = 'sessions/s/children.pids'
const MARK = 'sessions/s/stopping.json'

const PLACES = [
  { name: 'another host', space: HOST },
  { name: 'another PID namespace', space: PIDS },
] as const

const STOPS = [
  ['stop'],
  ['stop', '--force'],
  ['session', 'stop'],
  ['cleanup', '--session'],
  ['cleanup', '--all-sessions'],
]

inEveryWay(['start', 'run', 'ctx.run'], way => {
  for (const { name, space } of PLACES) {
    const can_make = canMake(space)
    const needs = can_make ? '' : ' (needs namespaces)'
    test.skipIf(!can_make)(`what runs in ${name} is foreign here, and is left alone${needs}`, () =>
      leftAlone(way, { from: space, seen_from: null }),
    )
    test.skipIf(!can_make)(`what runs here is foreign in ${name}, and is left alone${needs}`, () =>
      leftAlone(way, { from: null, seen_from: space }),
    )
  }

  const can_boot = canMake(BOOT)
  test.skipIf(!can_boot)(
    `what ran before a boot has ended, and whoever has its pids now is left alone${can_boot ? '' : ' (needs namespaces)'}`,
    async () => {
      const stage = await Stage.start(way, BOOT, [program('canary'), 'canary'])
      const { world, launch, run_id } = stage
      const shown = await launch.call(['show', run_id])
      expect(shown.envelope.data).toMatchObject({
        status: 'unknown',
        reconcile_reason: 'reboot',
        stop_cause: 'reboot',
        alive: false,
      })
      for (const argv of STOPS) {
        const { code, stdout, envelope } = await launch.call(about(argv, run_id))
        expect(code, `${argv.join(' ')}: ${stdout}`).toBe(0)
        for (const { outcome } of envelope.data.stopped) expect(outcome).toBe('already_ended')
        await stage.expectUntouched(argv.join(' '))
      }
      expect(launch.read(run_id, 'end')).toMatchObject({
        reconcile_reason: 'reboot',
        exit_code: null,
        signal: null,
      })
      expect((await launch.call(['ps'])).envelope.data.runs).toEqual([])
      await world.witness.clear()
    },
  )
})

inEveryWay(['run'], way => {
  const can_make = canMake(PIDS)
  test.skipIf(!can_make)(
    `what a run left behind in another PID namespace stays on record${can_make ? '' : ' (needs namespaces)'}`,
    async () => {
      const leaving = [
        'sh',
        '-c',
        `setsid ${program('canary')} canary & until [ -s canary ]; do sleep 0.01; done`,
      ]
      const stage = await Stage.start(way, PIDS, leaving)
      const { launch, run_id } = stage
      await launch.record(run_id, 'end')
      await until(
        'its owner to be through',
        () => !existsSync(join(launch.state, PID_FILE)) && stage.isTidy(),
      )
      const before = stage.records()
      const { runs } = (await launch.call(['ps'])).envelope.data
      expect(runs).toMatchObject([{ run_id, status: 'exited', owner: 'foreign', leftovers: 1 }])
      for (const argv of STOPS) {
        await launch.call(about(argv, run_id))
        await stage.expectUntouched(argv.join(' '))
        expect(stage.records(), argv.join(' ')).toEqual(before)
      }
      await stage.stop()
    },
  )
})

interface View {
  readonly from: Space | null
  readonly seen_from: Space | null
}

async function leftAlone(way: Way, { from, seen_from }: View): Promise<void> {
  const stage = await Stage.start(way, from, [program('canary'), 'canary'])
  const { run_id, launch } = stage
  await until('the pid file', () => existsSync(join(launch.state, PID_FILE)))
  stage.mark()
  const before = stage.records()
  const call = (argv: readonly string[]) => stage.callFrom(seen_from, argv)

  const ps = await call(['ps'])
  expect(ps.envelope.data.runs, ps.stdout).toMatchObject([{ run_id, status: 'running', owner: 'foreign' }])
  const shown = await call(['show', run_id])
  expect(shown.envelope.data).toMatchObject({
    status: 'running',
    owner: 'foreign',
    exit_code: null,
    signal: null,
  })
  // Whether somebody there is still stopping the session nobody here can tell.
  expect((await call(['session', 'list'])).envelope.data.sessions).toMatchObject([
    { session_id: 's', stopping: true },
  ])
  const [verb = '', ...rest] = launch.argv('s').slice(2)
  const refused = await call([verb, ...rest])
  expect(refused.stdout + refused.stderr).toContain('SESSION_STOPPING')
  // It may go on for as long as it likes, and its log can be read.
  const waited = await call(['wait', run_id, '--timeout', '100ms'])
  expect([waited.code, waited.envelope.error.code], waited.stdout).toEqual([10, 'WAIT_TIMEOUT'])
  const logs = await call(['logs', run_id])
  if (way.verb === 'start') expect(logs.envelope.data.lines, logs.stdout).toEqual([])
  else expect(logs.envelope.error, logs.stdout).toMatchObject({ code: 'NO_LOG' })
  await call(['cleanup', '--scope', 'all'])
  expect(stage.records(), 'cleanup --scope all').toEqual(before)
  for (const argv of STOPS) {
    const { code, stdout, envelope } = await call(about(argv, run_id))
    // A cleanup has nothing to do; who names the run is told whose it is.
    if (argv[0] === 'cleanup') expect(envelope.data.stopped, stdout).toEqual([])
    else
      expect(envelope.data.stopped, stdout).toMatchObject([{ run_id, outcome: 'foreign', exit_reason: null }])
    expect(code, stdout).toBe(argv[0] === 'cleanup' ? 0 : 4)
    await stage.expectUntouched(argv.join(' '))
    expect(stage.records(), argv.join(' ')).toEqual(before)
  }
  await stage.stop()
}

const about = (argv: readonly string[], run_id: string): string[] => {
  if (argv[0] === 'stop') return [...argv, run_id]
  return argv.at(-1) === '--all-sessions' ? [...argv] : [...argv, 's']
}

/** A run in a place of its own, whose program is, or leaves behind, a canary. */
class Stage {
  readonly world: World
  readonly launch: Launch
  readonly run_id: string
  readonly #keeper: Promise<WorldAnswer>

  private constructor(world: World, launch: Launch, run_id: string, keeper: Promise<WorldAnswer>) {
    this.world = world
    this.launch = launch
    this.run_id = run_id
    this.#keeper = keeper
  }

  static async start({ verb, method }: Way, space: Space | null, words: readonly string[]): Promise<Stage> {
    const world = World.create(method)
    const launch = new Launch(world, verb, words, verb === 'run' ? ['--grace', '50ms'] : [])
    const argv = launch.argv('s')
    // Process 1 of a PID namespace: it stays until it is told to stop the session.
    const [node, script] = argv
    const keeper = `"$@" & until [ -e over ]; do sleep 0.05; done
exec ${node} ${script} session stop s --kill-after 100ms`
    const { answer } = await world.exec(inSpace(world, space, ['sh', '-c', keeper, 'sh', ...argv]))
    const { run_id } = await launch.running('s')
    const stage = new Stage(world, launch, run_id, answer)
    await until('the canary', () => stage.#heard() !== '')
    return stage
  }

  /** Calls the tool that runs the run, from a place. */
  async callFrom(space: Space | null, argv: readonly string[]): Promise<WorldAnswer> {
    const [node = '', script = ''] = this.launch.argv('s')
    return (await this.world.exec(inSpace(this.world, space, [node, script, ...argv]))).answer
  }

  async expectUntouched(by: string): Promise<void> {
    const living = (await this.world.survivors()).filter(({ comm }) => comm === 'canary')
    expect(living, by).toMatchObject([{ state: 'S' }])
    expect(this.#heard(), by).toBe('ready\n')
  }

  /** All that its owner does not go on writing: what it is, what is in it, when it was written. */
  records(): Record<string, string> {
    const { state } = this.launch
    const found: Record<string, string> = {}
    const enter = (path: string): void => {
      const stat = lstatSync(path, { throwIfNoEntry: false })
      if (!stat) return
      found[relative(state, path)] =
        `${stat.ino} ${stat.mtimeMs} ${stat.isFile() ? readFileSync(path, 'latin1') : ''}`
      if (stat.isDirectory())
        for (const name of readdirSync(path)) if (name !== JOURNAL) enter(join(path, name))
    }
    for (const path of [`runs/${this.run_id}`, `live/${this.run_id}`, PID_FILE, MARK])
      enter(join(state, path))
    return found
  }

  /** As of somebody who is stopping the session where the run was started, or died at it. */
  mark(): void {
    const { starter: asker, created_at: requested_at } = this.launch.read(this.run_id, 'intent')
    const mark = { stop_id: '0123456789ab', session_id: 's', asker, grace_ms: 100, requested_at }
    writeFileSync(join(this.launch.state, MARK), JSON.stringify({ schema_version: '1.0', ...mark }))
  }

  /** Whether nobody is in the middle of writing its end. */
  isTidy(): boolean {
    return !readdirSync(join(this.launch.state, 'runs', this.run_id)).some(name => name.startsWith('.'))
  }

  /** Where it runs, its session can be stopped. */
  async stop(): Promise<void> {
    this.world.file('over', '')
    const { code, stdout } = await this.#keeper
    expect(code, stdout).toBe(0)
    await this.world.nothingLeft()
  }

  #heard(): string {
    try {
      return readFileSync(join(this.world.path, 'canary'), 'utf8')
    } catch {
      return ''
    }
  }
}

const inSpace = (world: World, space: Space | null, argv: readonly string[]): string[] =>
  space ? asSpace(space, world.path, argv) : [...argv]

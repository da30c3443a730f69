/**
 * Records that name processes which were never the run's: none, everybody (-1), process 1, who reads them, his parent
 * and group, be it as a group alone. Nobody is signalled; what cannot be meant is called damaged, or unknown.
 */
import { appendFileSync, cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CHAPERONE } from '../e2e/harness/sandbox.js'
import { until } from '../e2e/harness/until.js'
import { inBatches } from './harness/batches.js'
import { Canary } from './harness/canary.js'
import { Launch, type Recorded } from './harness/launch.js'
import { canMake } from './harness/space.js'
import type { Below } from './harness/witness.js'
import { program, World } from './harness/world.js'

const SPACE = { has_pids: true }
const can_make = canMake(SPACE)

const PLACES = ['main', 'group', 'owner', 'guard', 'starter', 'seen', 'survivor'] as const
const WHO = ['0', '-1', '1', 'ours', 'our parent'] as const
const CALLS = ['stop --kill-after 50ms', 'stop --force'] as const
/** Most of the time they wait. */
const AT_ONCE = 12

interface Forgery {
  readonly place: (typeof PLACES)[number]
  readonly who: (typeof WHO)[number]
  readonly call: (typeof CALLS)[number]
}

// Nobody follows the run any more: by which method that was done makes no difference.
test.skipIf(!can_make)(
  `a forged record makes nobody signal himself, his parent, his siblings or process 1${can_make ? '' : ' (needs a PID namespace)'}`,
  async () => {
    const world = World.create('snapshot', SPACE)
    const forger = await Forger.create(world)
    const forgeries = PLACES.flatMap(place =>
      WHO.flatMap(who => callsOf(place).map(call => ({ place, who, call }))),
    )
    await inBatches(forgeries, AT_ONCE, forgery => forger.callBeside(forgery))
    expect(await world.witness.signalled(), 'signals to process 1').toBe(0)
    await world.nothingLeft()
  },
)

/** To go past an owner makes a difference where one seems to live. */
const callsOf = (place: Forgery['place']) =>
  place === 'main' || place === 'owner' ? CALLS : CALLS.slice(0, 1)

class Forger {
  readonly #world: World
  readonly #launch: Launch
  readonly #dead: Recorded
  /** When process 1 started. */
  readonly #init: string
  #next = 0xf00000000000

  private constructor(world: World, launch: Launch, dead: Recorded, init: string) {
    this.#world = world
    this.#launch = launch
    this.#dead = dead
    this.#init = init
  }

  /** With a run of which everything is dead, and whose end nobody has recorded. */
  static async create(world: World): Promise<Forger> {
    const launch = new Launch(world, 'start', ['sleep', '3600'])
    const dead = await launch.begin('s')
    for (const signal of ['SIGSTOP', 'SIGKILL'] as const)
      for (const one of [dead.guard, dead.owner, dead.main]) await world.witness.kill(one, signal)
    await world.nothingLeft()
    const { stdout } = await world.sh('cut -d " " -f 22 /proc/1/stat')
    return new Forger(world, launch, dead, stdout.trim())
  }

  /**
   * Has a copy of the run forged and then stopped, by a shell that has another child, an innocent one, in the same
   * group and session. Where `ours` is forged the shell becomes the call.
   */
  async callBeside({ place, who, call }: Forgery): Promise<void> {
    const world = this.#world
    const context = `${place}: ${who}, ${call}`
    const run_id = this.#copy()
    const script = `"$0" canary-${run_id} & echo $! >sibling-${run_id}
until [ -e go-${run_id} ]; do sleep 0.01; done
${who === 'ours' ? 'exec "$@"' : '"$@"; exit $?'}`
    const argv = [process.execPath, CHAPERONE, ...call.split(' '), run_id]
    const shell = await world.exec(['sh', '-c', script, program('canary'), ...argv])
    const sibling = join(world.path, `sibling-${run_id}`)
    const pid = await until('the sibling', () =>
      existsSync(sibling) ? Number(readFileSync(sibling, 'utf8')) : 0,
    )
    const canary = await Canary.at(world, run_id, pid)
    this.#forge(run_id, place, this.#identity(who, await world.survivors(), shell.pid))
    world.file(`go-${run_id}`, '')
    const { code, signal, stdout } = await shell.answer
    await canary.expectUntouched(`${context}: ${stdout}`)
    expect({ signal, code }, `${context}: ${stdout}`).toEqual({
      signal: null,
      code: expect.toBeOneOf([0, 3, 10]),
    })
    await canary.end()
  }

  #copy(): string {
    this.#next += 1
    const run_id = this.#next.toString(16)
    const { state } = this.#launch
    const to = join(state, 'runs', run_id)
    cpSync(join(state, 'runs', this.#dead.run_id), to, { recursive: true })
    for (const name of ['intent', 'owner', 'main']) {
      const path = join(to, `${name}.json`)
      writeFileSync(path, readFileSync(path, 'utf8').replaceAll(this.#dead.run_id, run_id))
    }
    writeFileSync(join(state, 'live', run_id), '')
    return run_id
  }

  #identity(who: Forgery['who'], living: readonly Below[], shell_pid: number) {
    const { main } = this.#launch.read(this.#dead.run_id, 'main')
    const pid = who.startsWith('our') ? shell_pid : Number(who)
    const start_time = pid === 1 ? this.#init : living.find(one => one.pid === pid)?.start_time
    return { ...main, pid, start_time: Number(start_time ?? main.start_time) }
  }

  #forge(run_id: string, place: Forgery['place'], identity: { readonly pid: number }): void {
    const directory = join(this.#launch.state, 'runs', run_id)
    const change = (name: string, changes: object) => {
      const path = join(directory, `${name}.json`)
      writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ...changes }))
    }
    if (place === 'main') change('main', { main: identity, pgid: identity.pid, sid: identity.pid })
    // Of a main process that is dead, and has not founded them.
    else if (place === 'group') change('main', { pgid: identity.pid, sid: identity.pid })
    else if (place === 'owner' || place === 'guard') change('owner', { [place]: identity })
    else if (place === 'starter') {
      change('intent', { starter: identity })
      for (const name of ['owner', 'main']) rmSync(join(directory, `${name}.json`))
    } else if (place === 'seen') appendFileSync(join(directory, 'seen.log'), `${JSON.stringify(identity)}\n`)
    else
      writeFileSync(
        join(directory, 'end.json'),
        JSON.stringify({
          ...END,
          run_id,
          recorder: this.#launch.read(this.#dead.run_id, 'main').main,
          survivors: [{ identity, ppid: 1, cmd: 'forged' }],
        }),
      )
  }
}

const END = {
  schema_version: '1.0',
  exit_code: 0,
  signal: null,
  exit_reason: 'natural',
  stop_cause: null,
  reconcile_reason: null,
  started_at: null,
  main_exited_at: null,
  ended_at: '2026-11-20T10:00:00.000Z',
  error: null,
  descendants_killed: 0,
  leftovers: [],
}

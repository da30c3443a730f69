/** A session in which much happens at once, and who looks on: no answer is wrong, no run is lost, and nothing is left. */
import { execFileSync } from 'node:child_process'
import { closeSync, constants, existsSync, openSync, readdirSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { expect, inject, onTestFinished, test } from 'vitest'
import { embedding } from '../e2e/background/embedded.js'
import { until } from '../e2e/harness/until.js'
import { probe } from '../e2e/tracked/probe.js'
import { inBatches } from './harness/batches.js'
import { Launch, stateOf } from './harness/launch.js'
import { SEED } from './harness/random.js'
import { inEveryWay } from './harness/ways.js'
import { World, type WorldAnswer } from './harness/world.js'

const ACTORS = 4
const OPERATIONS = 1_000
const CHILDREN = 500
const SHIMS = 200
const CHILDREN_AT_ONCE = 40
/** Before each so many are let go that all have ended when the last one answers. */
const LOOKS = 50
const LOOKS_AT_ONCE = 3
/** It ends a hang: a crowd may take its time. */
const MANY_MS = 120_000

/** Exits as it is told, once it was let go at the gate of its environment. */
const WAITING = ['sh', '-c', 'read -r _ <"$GATE"; exit "$1"', 'sh'] as const

/** Starts what waits, so many, and prints the runs with what they will exit with. */
const STARTER = `${embedding(`[...${JSON.stringify(WAITING)}, number]`)}
const started = []
let next = 0
const work = async () => {
  for (let index = next++; index < ${SHIMS}; index = next++) {
    const code = index % 256
    const { envelope } = await tool.call(['launch', '--session', 'busy', String(code)], { env: process.env })
    started.push([envelope.data.run_id, code])
  }
}
await Promise.all(Array.from({ length: ${ACTORS} }, work))
console.log(JSON.stringify(started))
`

/**
 * Embeds the tool and does one thing after the other, as its numbers say; prints what it did and was answered, and every
 * answer by which a run of its own has ended whose main process lives, as /proc tells (proc_pid_stat(5)).
 */
const ACTOR = `import { readFileSync } from 'node:fs'
${embedding(`['sh', '-c', 'echo one; exec sleep "$1"', 'sh', number], number === '7200' ? { name: 'web', unique: true } : {}`)}
const env = process.env
const call = argv => tool.call(argv, { env })
let [seed, operations] = process.argv.slice(2).map(Number)
const random = below => {
  seed = (seed * 1103515245 + 12345) % 2147483648
  return Math.floor((seed / 2147483648) * below)
}
const known = []
const any = () => known[random(known.length)] ?? 'ffffffffffff'
const OPERATIONS = [
  ...Array.from({ length: 3 }, () => () => ['launch', '--session', 'busy', '3600']),
  ...Array.from({ length: 3 }, () => () => ['launch', '--session', 'busy', '0.0' + random(10)]),
  // By a name, which one run of the session has.
  ...Array.from({ length: 3 }, () => () => ['launch', '--session', 'busy', '7200']),
  ...Array.from({ length: 3 }, () => () => ['stop', any(), '--kill-after', '1s']),
  ...Array.from({ length: 3 }, () => () => ['stop', any(), any(), '--force']),
  ...Array.from({ length: 12 }, () => () => ['show', any()]),
  ...Array.from({ length: 8 }, () => () => ['logs', any()]),
  ...Array.from({ length: 2 }, () => () => ['ps', '--all', '--limit', '0']),
  ...Array.from({ length: 3 }, () => () => ['ps']),
  ...Array.from({ length: 3 }, () => () => ['wait', any(), '--timeout', '50ms']),
  ...Array.from({ length: 3 }, () => () => ['session', 'list']),
  () => ['cleanup', '--session', 'busy', '--kill-after', '1s'],
  () => ['session', 'stop', 'busy', '--kill-after', '1s'],
]
const startTimeOf = pid => {
  try {
    const stat = readFileSync('/proc/' + pid + '/stat', 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return /[ZX]/.test(fields[0]) ? null : fields[19]
  } catch {
    return null
  }
}
const mains = new Map()
const lives = ({ pid, start_time }) => startTimeOf(pid) === start_time
const calledEnded = ({ stopped = [], runs = [], ...shown }) => [
  ...stopped.filter(({ outcome }) => outcome === 'stopped' || outcome === 'already_ended'),
  ...[shown, ...runs].filter(({ status = 'pending' }) => status !== 'pending' && status !== 'running'),
]
const done = []
const lies = []
let checked = 0
for (let count = 0; count < operations; count += 1) {
  const argv = known.length === 0 ? OPERATIONS[0]() : OPERATIONS[random(OPERATIONS.length)]()
  const { exit_code, envelope } = await call(argv)
  const run_id = argv[0] === 'launch' ? envelope.data?.run_id : undefined
  const { code = null, message = null } = envelope.error ?? {}
  done.push({ argv, exit_code, code, message, run_id: run_id ?? null })
  const of_mine = calledEnded(envelope.data ?? {}).filter(({ run_id }) => mains.has(run_id))
  checked += of_mine.length
  for (const said of of_mine) if (lives(mains.get(said.run_id))) lies.push({ argv, said })
  const pid = envelope.data?.background_pid
  const start_time = startTimeOf(pid)
  if (run_id !== undefined && start_time !== null) mains.set(run_id, { pid, start_time })
  // Also those of the others: whoever looks learns of them. A start that finds its name taken takes its record back.
  const shown = argv[0] === 'ps' ? (envelope.data?.runs ?? []) : []
  const seen = shown.filter(run => run.status !== 'pending' || run.name === null).map(run => run.run_id)
  for (const id of [run_id, ...seen]) if (id !== undefined && !known.includes(id)) known.push(id)
}
console.log(JSON.stringify({ done, lies, checked }))
`

interface Acted {
  readonly done: readonly Done[]
  readonly lies: readonly unknown[]
  /** How many answers a lie could have been in. */
  readonly checked: number
}

interface Done {
  readonly argv: readonly string[]
  readonly exit_code: number
  readonly code: string | null
  /** Of what was launched, or found to run by its name. */
  readonly run_id: string | null
}

/**
 * A wait may take longer than it was given; a run be stopped, by whoever saw it or its session, before it has started,
 * or meet a session that is being stopped.
 */
const isExpected = ({ argv, exit_code, code }: Done): boolean =>
  exit_code === 0 ||
  (argv[0] === 'wait' && code === 'WAIT_TIMEOUT') ||
  (argv[0] === 'launch' && (code === 'STOPPED_BEFORE_START' || code === 'SESSION_STOPPING'))

inEveryWay(['start'], ({ method }) => {
  test(`${OPERATIONS} operations of ${ACTORS} at once in one session are each answered as they should be: none calls a run ended that lives, and each run has one end`, async () => {
    const world = World.create(method)
    const script = world.tool('actor', ACTOR)
    const answers = await Promise.all(
      Array.from({ length: ACTORS }, async (_, index) => {
        const actor = [process.execPath, script, String(SEED + index), String(OPERATIONS / ACTORS)]
        return (await world.exec(actor, { cwd: inject('consumer') })).answer
      }),
    )
    const acted: Acted[] = answers.map(({ code, stdout, stderr }) => {
      expect(code, stderr).toBe(0)
      return JSON.parse(stdout)
    })
    const done = acted.flatMap(({ done }) => done)
    expect(done).toHaveLength(OPERATIONS)
    const wrong = done.filter(one => !isExpected(one))
    expect(wrong, `FAULT_SEED=${SEED}`).toEqual([])
    for (const { lies, checked } of acted) {
      expect(lies, `FAULT_SEED=${SEED}`).toEqual([])
      expect(checked).toBeGreaterThan(0)
    }

    const stopped = await world.call(['session', 'stop', 'busy'])
    expect(stopped.code, stopped.stdout).toBe(0)
    await world.nothingLeft()
    const launch = new Launch(world, 'start', ['true'])
    const launched = done.flatMap(({ run_id }) => run_id ?? [])
    expect(launch.run_ids).toEqual(expect.arrayContaining(launched))
    expect(new Set(launched).size).toBeGreaterThan(OPERATIONS / 20)
    for (const run_id of launch.run_ids)
      expect(launch.read(run_id, 'end'), run_id).toMatchObject({ run_id, survivors: [] })
    expect((await world.call(['ps'])).envelope.data.runs).toEqual([])
  })
})

inEveryWay(['ctx.run'], ({ method }) => {
  test(`${LOOKS} ps while ${CHILDREN} tracked children end: none is shown as anything but what it was`, async () => {
    const world = World.create(method)
    const gate = new Gate(world)
    const script = probe(
      world,
      `let next = 0
      const ends = {}
      const work = async () => {
        for (let index = next++; index < ${CHILDREN}; index = next++) {
          const code = index % 256
          const { run_id, exit_code } = await ctx.run([...${JSON.stringify(WAITING)}, String(code)])
          ends[run_id] = [code, exit_code]
        }
      }
      await Promise.all(Array.from({ length: ${CHILDREN_AT_ONCE} }, work))
      return { ends }`,
    )
    const { answer } = await world.spawn(['go'], { script, env: gate.env })
    const children = async () => (await world.survivors()).filter(({ comm }) => comm === 'sh').length
    // One more is the guard.
    await until('the first children', async () => (await children()) > CHILDREN_AT_ONCE, MANY_MS)
    const looks = await gate.lookedThrough(CHILDREN, stateOf(world.path, 'ctx.run'), script)
    const { code, stdout, envelope } = await answer
    expect(code, stdout).toBe(0)
    const codes: [string, [number, number]][] = Object.entries(envelope.data.ends)
    expect(codes).toHaveLength(CHILDREN)
    for (const [run_id, [expected, exit_code]] of codes)
      expect([run_id, exit_code]).toEqual([run_id, expected])
    expectTrue(looks, new Map(codes.map(([run_id, [expected]]) => [run_id, expected])))
    await world.nothingLeft()
  })
})

inEveryWay(['start'], ({ verb, method }) => {
  // So many owners that each look at all processes are busy with nothing else.
  test.skipIf(method === 'snapshot')(
    `${LOOKS} ps while ${SHIMS} background runs end: none is shown as anything but what it was`,
    async () => {
      const world = World.create(method)
      const gate = new Gate(world)
      const script = world.tool('starter', STARTER)
      const { answer } = await world.exec([process.execPath, script], {
        cwd: inject('consumer'),
        env: gate.env,
      })
      const { code, stdout, stderr } = await answer
      expect(code, stderr).toBe(0)
      const codes: [string, number][] = JSON.parse(stdout)
      expect(codes).toHaveLength(SHIMS)
      const looks = await gate.lookedThrough(SHIMS, stateOf(world.path, verb))
      const waited = await world.call(['wait', '--session', 'busy'])
      const ends: Shown[] = waited.envelope.data.runs
      expect(new Map(ends.map(({ run_id, exit_code }) => [run_id, exit_code]))).toEqual(new Map(codes))
      expectTrue(looks, new Map(codes))
      await world.nothingLeft()
    },
  )
})

/** What runs wait at: each line that is written to it lets one of them go on. */
class Gate {
  readonly env: { readonly GATE: string }
  readonly #world: World
  readonly #fd: number

  constructor(world: World) {
    this.#world = world
    this.env = { GATE: join(world.path, 'gate') }
    execFileSync('mkfifo', [this.env.GATE])
    // Opened for both, it waits for nobody, and those who come late find their line all the same (fifo(7)).
    this.#fd = openSync(this.env.GATE, constants.O_RDWR)
    onTestFinished(() => closeSync(this.#fd))
  }

  /**
   * Lets some go on before each look, so that all have ended soon after the last one.
   * @param waiting how many there are
   */
  async lookedThrough(waiting: number, state: string, script?: string): Promise<Look[]> {
    return inBatches(Array.from({ length: LOOKS }), LOOKS_AT_ONCE, async () => {
      const ended_before = endedIn(join(this.#world.root, state, 'runs'))
      writeSync(this.#fd, '\n'.repeat(waiting / LOOKS))
      const ps = ['ps', '--all', '--limit', '0']
      return { ended_before, answer: await this.#world.call(ps, script === undefined ? {} : { script }) }
    })
  }
}

interface Look {
  /** Those whose end was on record before it. */
  readonly ended_before: readonly string[]
  readonly answer: WorldAnswer
}

/** @param codes what each run exits with */
function expectTrue(looks: readonly Look[], codes: ReadonlyMap<string, number>): void {
  for (const { ended_before, answer } of looks) {
    expect(answer.code, answer.stdout).toBe(0)
    expect(answer.envelope.ok).toBe(true)
    expect(answer.envelope.warnings).toEqual([])
    const shown: Shown[] = answer.envelope.data.runs
    const ended = new Map(shown.filter(({ status }) => !isGoing(status)).map(run => [run.run_id, run]))
    expect(ended_before.filter(run_id => !ended.has(run_id))).toEqual([])
    for (const { exit_code, signal, status } of shown)
      if (isGoing(status)) expect([exit_code, signal]).toEqual([null, null])
    for (const [run_id, expected] of codes) {
      const run = ended.get(run_id)
      const status = expected === 0 ? 'exited' : 'failed'
      if (run) expect(run).toMatchObject({ run_id, status, exit_code: expected, signal: null })
    }
  }
}

/** A run in an answer of `ps`. */
interface Shown {
  readonly run_id: string
  readonly status: string
  readonly exit_code: number | null
  readonly signal: string | null
}

const isGoing = (status: string): boolean => status === 'pending' || status === 'running'

/** The runs whose end is on record. */
const endedIn = (runs: string): string[] =>
  readdirSync(runs).filter(run_id => existsSync(join(runs, run_id, 'end.json')))

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
import { World } from './harness/world.js'

const ACTORS = 4
const OPERATIONS = { subreaper: 1_000, snapshot: 400 }
const CHILDREN = 500
const CHILDREN_AT_ONCE = 40
/** Before each so many are let go that all have ended when the last one answers. */
const LOOKS = 50
const LOOKS_AT_ONCE = 3
/** It ends a hang: a crowd may take its time. */
const MANY_MS = 120_000

/** Embeds the tool and does one thing after the other, as its numbers say; prints what it did and was answered. */
const ACTOR = `${embedding(`['sh', '-c', 'echo one; exec sleep "$1"', 'sh', number]`)}
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
  () => ['launch', '--session', 'busy', '3600'],
  () => ['launch', '--session', 'busy', '0.0' + random(10)],
  () => ['stop', any(), '--kill-after', '1s'],
  () => ['stop', any(), any(), '--force'],
  ...Array.from({ length: 6 }, () => () => ['show', any()]),
  ...Array.from({ length: 3 }, () => () => ['logs', any()]),
  () => ['ps', '--all', '--limit', '0'],
  () => ['ps'],
  () => ['wait', any(), '--timeout', '50ms'],
  () => ['session', 'list'],
]
const done = []
for (let count = 0; count < operations; count += 1) {
  const argv = known.length === 0 ? OPERATIONS[0]() : OPERATIONS[random(OPERATIONS.length)]()
  const { exit_code, envelope } = await call(argv)
  done.push({ argv, exit_code, code: envelope.error?.code ?? null, message: envelope.error?.message ?? null })
  const run_id = argv[0] === 'launch' ? envelope.data?.run_id : undefined
  // Also those of the others: whoever looks learns of them.
  const seen = argv[0] === 'ps' ? (envelope.data?.runs ?? []).map(run => run.run_id) : []
  for (const id of [run_id, ...seen]) if (id !== undefined && !known.includes(id)) known.push(id)
}
console.log(JSON.stringify(done))
`

interface Done {
  readonly argv: readonly string[]
  readonly exit_code: number
  readonly code: string | null
}

/** A wait may take longer than it was given, and a run be stopped, by whoever saw it, before it has started. */
const isExpected = ({ argv, exit_code, code }: Done): boolean =>
  exit_code === 0 ||
  (argv[0] === 'wait' && code === 'WAIT_TIMEOUT') ||
  (argv[0] === 'launch' && code === 'STOPPED_BEFORE_START')

inEveryWay(['start'], ({ method }) => {
  const operations = OPERATIONS[method]
  test(`${operations} operations of ${ACTORS} at once in one session are each answered as they should be, and each run has one end`, async () => {
    const world = World.create(method)
    const script = world.tool('actor', ACTOR)
    const answers = await Promise.all(
      Array.from({ length: ACTORS }, async (_, index) => {
        const actor = [process.execPath, script, String(SEED + index), String(operations / ACTORS)]
        return (await world.exec(actor, { cwd: inject('consumer') })).answer
      }),
    )
    const done: Done[] = answers.flatMap(({ code, stdout, stderr }) => {
      expect(code, stderr).toBe(0)
      return JSON.parse(stdout)
    })
    expect(done).toHaveLength(operations)
    const wrong = done.filter(one => !isExpected(one))
    expect(wrong, `FAULT_SEED=${SEED}`).toEqual([])

    const stopped = await world.call(['session', 'stop', 'busy'])
    expect(stopped.code, stopped.stdout).toBe(0)
    await world.nothingLeft()
    const launch = new Launch(world, 'start', ['true'])
    expect(launch.run_ids).toHaveLength(done.filter(({ argv }) => argv[0] === 'launch').length)
    for (const run_id of launch.run_ids)
      expect(launch.read(run_id, 'end'), run_id).toMatchObject({ run_id, survivors: [] })
    expect((await world.call(['ps'])).envelope.data.runs).toEqual([])
  })
})

inEveryWay(['ctx.run'], ({ method }) => {
  test(`${LOOKS} ps while ${CHILDREN} tracked children end: none is shown as anything but what it was`, async () => {
    const world = World.create(method)
    const gate = join(world.path, 'gate')
    execFileSync('mkfifo', [gate])
    // Opened for both, it waits for nobody, and those who come late find their line all the same (fifo(7)).
    const fd = openSync(gate, constants.O_RDWR)
    onTestFinished(() => closeSync(fd))
    const script = probe(
      world,
      `let next = 0
      const ends = {}
      const work = async () => {
        for (let index = next++; index < ${CHILDREN}; index = next++) {
          const code = index % 256
          const { run_id, exit_code } = await ctx.run(['sh', '-c', 'read -r _ <gate; exit "$1"', 'sh', String(code)])
          ends[run_id] = [code, exit_code]
        }
      }
      await Promise.all(Array.from({ length: ${CHILDREN_AT_ONCE} }, work))
      return { ends }`,
    )
    const { answer } = await world.spawn(['go'], { script })
    const children = async () => (await world.survivors()).filter(({ comm }) => comm === 'sh').length
    // One more is the guard.
    await until('the first children', async () => (await children()) > CHILDREN_AT_ONCE, MANY_MS)
    const looks = await inBatches(Array.from({ length: LOOKS }), LOOKS_AT_ONCE, async () => {
      const ended_before = endedIn(join(world.root, stateOf(world.path, 'ctx.run'), 'runs'))
      writeSync(fd, '\n'.repeat(CHILDREN / LOOKS))
      return { ended_before, answer: await world.call(['ps', '--all', '--limit', '0'], { script }) }
    })
    const { code, stdout, envelope } = await answer
    expect(code, stdout).toBe(0)
    const codes: [string, [number, number]][] = Object.entries(envelope.data.ends)
    expect(codes).toHaveLength(CHILDREN)
    for (const [run_id, [expected, exit_code]] of codes)
      expect([run_id, exit_code]).toEqual([run_id, expected])
    for (const { ended_before, answer: look } of looks) {
      expect(look.code, look.stdout).toBe(0)
      expect(look.envelope.ok).toBe(true)
      expect(look.envelope.warnings).toEqual([])
      const shown: Shown[] = look.envelope.data.runs
      const ended = new Map(shown.filter(({ status }) => !isGoing(status)).map(run => [run.run_id, run]))
      expect(ended_before.filter(run_id => !ended.has(run_id))).toEqual([])
      for (const { exit_code, signal, status } of shown)
        if (isGoing(status)) expect([exit_code, signal]).toEqual([null, null])
      for (const [run_id, [expected]] of codes) {
        const run = ended.get(run_id)
        const status = expected === 0 ? 'exited' : 'failed'
        if (run) expect(run).toMatchObject({ run_id, status, exit_code: expected, signal: null })
      }
    }
    await world.nothingLeft()
  })
})

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

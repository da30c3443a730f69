/** The main process ends in every way that there is: what is said and what is recorded is exactly that. */
import { constants } from 'node:os'
import { expect, test } from 'vitest'
import { reportOf } from '../e2e/run/calls.js'
import { probe } from '../e2e/tracked/probe.js'
import { inBatches } from './harness/batches.js'
import { inEveryWay, type Way } from './harness/ways.js'
import { program, World, type WorldAnswer } from './harness/world.js'

/** Those that end a process and can be caught, and KILL (signal(7)). */
const ENDING = [
  ...['HUP', 'INT', 'QUIT', 'ILL', 'TRAP', 'ABRT', 'BUS', 'FPE', 'KILL', 'USR1', 'SEGV', 'USR2', 'PIPE'],
  ...['ALRM', 'TERM', 'STKFLT', 'XCPU', 'XFSZ', 'VTALRM', 'PROF', 'IO', 'PWR', 'SYS'],
]
/** Those that are ignored where nobody handles them. */
const IGNORED = ['CHLD', 'CONT', 'URG', 'WINCH']

/** SIGRTMIN to SIGRTMAX; the C library keeps two of its own below (signal(7), nptl(7)). */
const REAL_TIME = { first: 34, last: 64 } as const

/** One way to end, and how that is told. */
interface Ending {
  readonly words: readonly [string, string]
  readonly exit_code: number | null
  readonly signal: string | null
}

const numberOf = (name: string): number => Number(Object(constants.signals)[`SIG${name}`])

const BY_CODE: readonly Ending[] = Array.from({ length: 256 }, (_, code) => ({
  words: ['exit', String(code)],
  exit_code: code,
  signal: null,
}))
const BY_SIGNAL: readonly Ending[] = [
  ...ENDING.map(name => ({ words: bySignal(name), exit_code: null, signal: `SIG${name}` })),
  ...IGNORED.map(name => ({ words: bySignal(name), exit_code: 0, signal: null })),
]
const BY_REAL_TIME_SIGNAL: readonly Ending[] = Array.from(
  { length: REAL_TIME.last - REAL_TIME.first + 1 },
  (_, index) => REAL_TIME.first + index,
).map(number => ({ words: ['signal', String(number)], exit_code: 128 + number, signal: null }))

function bySignal(name: string): Ending['words'] {
  return ['signal', String(numberOf(name))]
}

/** How the shell tells it: 128 and the number for a signal. */
const shellCode = ({ exit_code, words }: Ending): number => exit_code ?? 128 + Number(words[1])

/** Calls at once: a processor for each, and one more that waits for the disk. */
const AT_ONCE = 3

inEveryWay(['run', 'start', 'ctx.run'], way => {
  test('each exit code is told and recorded as it is', () => proven(way, BY_CODE))
  test('each signal is told and recorded by its name, or as no end where it is none', () =>
    proven(way, BY_SIGNAL))
  // docs/guarantees.md names it.
  const is_told = way.method === 'subreaper' && way.verb !== 'ctx.run'
  test.skipIf(!is_told)(
    `each real-time signal is told by its number${is_told ? '' : ' (Node, which waits for it, tells nobody of it)'}`,
    () => proven(way, BY_REAL_TIME_SIGNAL),
  )
})

async function proven(way: Way, endings: readonly Ending[]): Promise<void> {
  const world = World.create(way.method)
  const told = await { run: byRun, start: byStart, 'ctx.run': byTrackedChild }[way.verb](world, endings)
  expect(told).toEqual(endings.map(({ exit_code, signal }) => ({ exit_code, signal })))
  await world.nothingLeft()
}

type Told = Pick<Ending, 'exit_code' | 'signal'>

const told = ({ exit_code, signal }: Told): Told => ({ exit_code, signal })

async function byRun(world: World, endings: readonly Ending[]): Promise<Told[]> {
  const answers = await inBatches(endings, AT_ONCE, ({ words }) =>
    world.call(['run', '--', program('end-as'), ...words]),
  )
  expect(answers.map(({ exit }) => exit)).toEqual(
    endings.map(ending => ({ code: shellCode(ending), signal: null })),
  )
  return answers.map(answer => told(reportOf(answer).data))
}

async function byStart(world: World, endings: readonly Ending[]): Promise<(Told | undefined)[]> {
  const started = await inBatches(endings, AT_ONCE, ({ words }) =>
    world.call(['start', '--session', 'ends', '--', program('end-as'), ...words]),
  )
  const ids = started.map(answer => idOf(answer))
  const [last = ''] = ids.slice(-1)
  const waited = await world.call(['wait', '--session', 'ends'])
  const ends = new Map<string, Told>(
    waited.envelope.data.runs.map((run: Told & { run_id: string }) => [run.run_id, told(run)]),
  )
  const shown = (await world.call(['show', last])).envelope.data
  expect(told(shown)).toEqual(ends.get(last))
  return ids.map(id => ends.get(id))
}

function idOf(answer: WorldAnswer): string {
  expect(answer.code, answer.stdout + answer.stderr).toBe(0)
  return answer.envelope.data.run_id
}

async function byTrackedChild(world: World, endings: readonly Ending[]): Promise<Told[]> {
  const list = world.file('ends.json', JSON.stringify(endings.map(({ words }) => words)))
  const script = probe(
    world,
    `
    const ends = JSON.parse(readFileSync(${JSON.stringify(list)}, 'utf8'))
    const told = []
    for (let at = 0; at < ends.length; at += 16)
      told.push(...await Promise.all(ends.slice(at, at + 16).map(words => ctx.run([${JSON.stringify(program('end-as'))}, ...words]))))
    return { told: told.map(({ exit_code, signal }) => ({ exit_code, signal })) }`,
  )
  const answer = await world.call(['go'], { script })
  expect(answer.code, answer.stdout + answer.stderr).toBe(0)
  return answer.envelope.data.told
}

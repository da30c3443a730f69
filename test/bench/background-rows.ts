/** What background runs cost: one start, a hundred at once, and stopping a hundred. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Row } from './main.js'
import { bareNode, eachRound, interleave, median, timed } from './rounds.js'
import { sleeper } from './tools.js'

const MANY = 100
/** Rounds of the rows that start hundreds of processes. */
const FEW_ROUNDS = 5

export async function backgroundRows(directory: string, rounds: number): Promise<Row[]> {
  const entry = sleeper(join(directory, 'sleeper'))
  const env = { ...process.env, SLEEPER_STATE_DIR: join(directory, 'state'), SLEEPER_SESSION_ID: 'bench' }
  const start = [process.execPath, entry, 'sleep']
  const stop = () => timed([process.execPath, entry, 'session', 'stop', 'bench'], { env })
  const one = await interleave([bareNode, { name: 'start', run: () => timed(start, { env }) }], rounds)
  stop()
  const stop_ms: number[] = []
  const many = await interleave(
    [
      { name: 'floor', run: () => atOnce(() => spawn(process.execPath, ['-e', NODE_STARTS_NODE])) },
      {
        name: 'starts',
        async run() {
          const took = await atOnce(() => spawn(process.execPath, start.slice(1), { env }))
          stop_ms.push(stop())
          return took
        },
      },
    ],
    Math.min(rounds, FEW_ROUNDS),
  )
  const times = eachRound(one, ms => ms('start') / ms(bareNode.name))
  const beyond = eachRound(one, ms => ms('start') - 2 * ms(bareNode.name))
  const ratio = eachRound(many, ms => ms('starts') / ms('floor'))
  const stopped = median(stop_ms)
  return [
    {
      what: 'background start until the answer with a live pid',
      measured: `${times.toFixed(2)} x node (2 x node + ${beyond.toFixed(0)} ms)`,
      budget: '2 x node + 40 ms',
      within: beyond <= 40,
    },
    {
      what: `${MANY} background starts at once`,
      measured: `${ratio.toFixed(2)} x ${MANY} node that each start a node`,
      budget: '1.9 x',
      within: ratio <= 1.9,
    },
    {
      what: `stop of ${MANY} runs that obey TERM`,
      measured: `${(stopped / 1_000).toFixed(2)} s`,
      budget: '0.8 s',
      within: stopped <= 800,
    },
  ]
}

const NODE_STARTS_NODE = `require('node:child_process').spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' })`

async function atOnce(start: () => ChildProcess): Promise<number> {
  const started = performance.now()
  await Promise.all(
    Array.from({ length: MANY }, () => {
      const child = start()
      let said = ''
      for (const stream of [child.stdout, child.stderr])
        stream?.on('data', chunk => {
          said += chunk
        })
      return new Promise<void>((done, fail) =>
        child.once('close', code => (code === 0 ? done() : fail(new Error(`exited with ${code}: ${said}`)))),
      )
    }),
  )
  return performance.now() - started
}

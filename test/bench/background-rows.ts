/** What background runs cost: one start, a hundred at once, stopping a hundred, and holding one. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
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
  const memory = idleShimMemory(env, start)
  stop()
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
    {
      what: 'private memory of an idle shim',
      measured: `${memory.toFixed(1)} MB`,
      budget: '10 MB',
      within: memory <= 10,
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

function idleShimMemory(env: NodeJS.ProcessEnv, start: readonly string[]): number {
  const { stdout } = spawnSync(process.execPath, start.slice(1), { env, encoding: 'utf8' })
  const { run_id } = JSON.parse(stdout).data
  const owner = JSON.parse(
    readFileSync(join(env['SLEEPER_STATE_DIR'] ?? '', 'runs', run_id, 'owner.json'), 'utf8'),
  )
  const rollup = readFileSync(`/proc/${owner.owner.pid}/smaps_rollup`, 'utf8')
  const kilobytes = [...rollup.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB$/gm)].map(([, kb]) =>
    Number(kb),
  )
  return kilobytes.reduce((sum, kb) => sum + kb, 0) / 1024
}

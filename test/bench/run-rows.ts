/** What `run` costs over the bare command, and `start` and a stop of many beside pm2. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import type { Row } from './main.js'
import { Pm2 } from './pm2.js'
import { bareNode, eachRound, interleave, median, timed } from './rounds.js'

const CHAPERONE = [process.execPath, resolve('dist/bin/chaperone.js')]
const MANY = 100
/** Rounds of what starts hundreds of processes. */
const FEW_ROUNDS = 3

export async function runRows(directory: string, rounds: number): Promise<Row[]> {
  const env = {
    ...process.env,
    CHAPERONE_STATE_DIR: join(directory, 'run-state'),
    CHAPERONE_SESSION_ID: 'bench',
  }
  const call = (...argv: string[]) => timed([...CHAPERONE, ...argv], { env })
  const ran = await interleave(
    [
      bareNode,
      { name: 'bare', run: () => timed(['true']) },
      { name: 'run', run: () => call('run', '--', 'true') },
    ],
    rounds,
  )
  const over = eachRound(ran, ms => ms('run') - ms('bare'))
  const times = eachRound(ran, ms => (ms('run') - ms('bare')) / ms(bareNode.name))
  const run: Row = {
    what: '`run` over the bare command',
    measured: `${times.toFixed(2)} x node (${over.toFixed(0)} ms)`,
    budget: '1.4 x node',
    within: times <= 1.4,
  }
  const pm2 = Pm2.install(directory)
  if (!pm2)
    return [run, { what: '`start` beside pm2', measured: 'pm2 is not to be had', budget: '', within: null }]
  try {
    return [run, ...(await besidePm2(pm2, call, env, rounds))]
  } finally {
    call('session', 'stop', 'bench')
    pm2.end()
  }
}

async function besidePm2(
  pm2: Pm2,
  call: (...argv: string[]) => number,
  env: NodeJS.ProcessEnv,
  rounds: number,
): Promise<Row[]> {
  const one = await interleave(
    [
      { name: 'start', run: () => call('start', '--', 'sleep', '600') },
      { name: 'pm2', run: () => pm2.startOne() },
    ],
    rounds,
  )
  call('session', 'stop', 'bench')
  pm2.deleteAll()
  const many = await interleave(
    [
      {
        name: 'stop',
        async run() {
          await startMany(env)
          return call('session', 'stop', 'bench')
        },
      },
      {
        name: 'pm2',
        run() {
          pm2.startMany(MANY)
          return pm2.deleteAll()
        },
      },
    ],
    Math.min(rounds, FEW_ROUNDS),
  )
  const start = eachRound(one, ms => ms('start') / ms('pm2'))
  const stop = eachRound(many, ms => ms('stop') / ms('pm2'))
  return [
    {
      what: '`start` beside `pm2 start`, its daemon warm',
      measured: `${start.toFixed(2)} of pm2 (${median(one.get('start')).toFixed(0)} ms)`,
      budget: '1.0 of pm2',
      within: start <= 1,
    },
    {
      what: `stop of ${MANY} beside \`pm2 delete all\``,
      measured: `${stop.toFixed(2)} of pm2 (${(median(many.get('stop')) / 1_000).toFixed(2)} s)`,
      budget: '0.5 of pm2',
      within: stop <= 0.5,
    },
  ]
}

async function startMany(env: NodeJS.ProcessEnv): Promise<void> {
  const [program = '', ...argv] = [...CHAPERONE, 'start', '--', 'sleep', '600']
  const starts = Array.from({ length: MANY }, () => spawn(program, argv, { env, stdio: 'ignore' }))
  const codes = await Promise.all(starts.map(async child => (await once(child, 'exit'))[0]))
  if (codes.some(code => code !== 0)) throw new Error(`of ${MANY} starts some failed: ${codes.join(' ')}`)
}

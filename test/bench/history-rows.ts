/** What a long history costs: looking at what lives must not follow what has ended. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Row } from './main.js'
import { eachRound, interleave, timed } from './rounds.js'

const CHAPERONE = resolve('dist/bin/chaperone.js')
const HISTORY = 10_000

export async function historyRows(directory: string, rounds: number): Promise<Row[]> {
  const empty = { ...process.env, CHAPERONE_STATE_DIR: join(directory, 'short') }
  const full = { ...process.env, CHAPERONE_STATE_DIR: join(directory, 'long') }
  const [short = '', long = ''] = [empty, full].map(env => oneEndedRun(directory, env))
  multiply(full.CHAPERONE_STATE_DIR)
  const measured = await interleave(
    [
      { name: 'ps short', run: () => timed([process.execPath, CHAPERONE, 'ps'], { env: empty }) },
      { name: 'ps long', run: () => timed([process.execPath, CHAPERONE, 'ps'], { env: full }) },
      {
        name: 'show short',
        run: () => timed([process.execPath, CHAPERONE, 'show', short.slice(0, 10)], { env: empty }),
      },
      {
        name: 'show long',
        run: () => timed([process.execPath, CHAPERONE, 'show', long.slice(0, 10)], { env: full }),
      },
    ],
    rounds,
  )
  return ['ps', 'show'].map(name => {
    const ratio = eachRound(measured, ms => ms(`${name} long`) / ms(`${name} short`))
    return {
      what: `${name} with ${HISTORY} ended runs on disk, against one`,
      measured: `${ratio.toFixed(2)} x`,
      budget: '1.2 x',
      within: ratio <= 1.2,
    }
  })
}

function oneEndedRun(directory: string, env: NodeJS.ProcessEnv): string {
  const call = (...argv: string[]) =>
    spawnSync(process.execPath, [CHAPERONE, ...argv], { env, encoding: 'utf8' })
  const { run_id } = JSON.parse(call('start-watcher', '--dir', directory).stdout).data
  call('stop', run_id)
  return run_id
}

/** Copies the one ended run under new ids, records and all. */
function multiply(state: string): void {
  const runs = join(state, 'runs')
  const [first = ''] = readdirSync(runs)
  const files = readdirSync(join(runs, first))
  for (let index = 0; index < HISTORY; index += 1) {
    const id = `f${index.toString(16).padStart(11, '0')}`
    mkdirSync(join(runs, id), { mode: 0o700 })
    for (const file of files) {
      const from = join(runs, first, file)
      const to = join(runs, id, file)
      if (file.endsWith('.json'))
        writeFileSync(to, readFileSync(from, 'utf8').replaceAll(first, id), { mode: 0o600 })
      else copyFileSync(from, to)
    }
  }
}

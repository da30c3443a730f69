/** What holding a run costs, not in the first moments but for as long as it lasts. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Row } from './main.js'
import { sleeper } from './tools.js'

/** What is asked again and again has become as hot by then as it gets, in ms. */
const SETTLED_MS = 600_000
/** Longer than its memory grows between two collections. */
const WATCHED_MS = 120_000
const INTERVAL_MS = 1_000

export class IdleShim {
  /** Ends it. */
  readonly stop: () => void
  readonly #started_at = performance.now()
  readonly #pid: number
  readonly #first: number

  constructor(directory: string) {
    const state = join(directory, 'idle-state')
    const entry = sleeper(join(directory, 'idle'))
    const env = { ...process.env, SLEEPER_STATE_DIR: state, SLEEPER_SESSION_ID: 'idle' }
    const { stdout } = spawnSync(process.execPath, [entry, 'sleep'], { env, encoding: 'utf8' })
    this.stop = () => spawnSync(process.execPath, [entry, 'session', 'stop', 'idle'], { env })
    const { run_id } = JSON.parse(stdout).data
    this.#pid = JSON.parse(readFileSync(join(state, 'runs', run_id, 'owner.json'), 'utf8')).owner.pid
    this.#first = privateMegabytes(this.#pid)
  }

  /** Takes until it has idled for twelve minutes. */
  async rows(): Promise<Row[]> {
    await pause(Math.max(0, SETTLED_MS - (performance.now() - this.#started_at)))
    const seen: number[] = []
    for (const until = performance.now() + WATCHED_MS; performance.now() < until; await pause(INTERVAL_MS))
      seen.push(privateMegabytes(this.#pid))
    const most = Math.max(...seen)
    return [
      {
        what: 'private memory of an idle shim, the most after 10 minutes',
        measured: `${most.toFixed(1)} MB (${this.#first.toFixed(1)} MB at first)`,
        budget: '10 MB',
        within: most <= 10,
      },
    ]
  }
}

function privateMegabytes(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const kilobytes = [...rollup.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB$/gm)].map(([, kb]) =>
    Number(kb),
  )
  return kilobytes.reduce((sum, kb) => sum + kb, 0) / 1024
}

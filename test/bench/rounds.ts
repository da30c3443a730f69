/**
 * Interleaved rounds: every case once a round, so that what slows the machine slows them all; every other round the
 * other way round, so that none always follows the same one.
 */
import { type SpawnSyncOptions, spawnSync } from 'node:child_process'

/** One measured thing; `run` answers with milliseconds. */
export interface Case {
  readonly name: string
  run(): number | Promise<number>
}

/** By case name, the milliseconds of each round. */
export type Measured = ReadonlyMap<string, readonly number[]>

export async function interleave(cases: readonly Case[], rounds: number): Promise<Measured> {
  const measured = new Map<string, number[]>(cases.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, run } of round % 2 === 0 ? cases : cases.toReversed())
      measured.get(name)?.push(await run())
  }
  return measured
}

/** The middle of what a figure is in each round: a machine that is slow for some seconds is so for all cases of a round. */
export function eachRound(measured: Measured, figure: (ms: (name: string) => number) => number): number {
  const rounds = Math.min(...[...measured.values()].map(values => values.length))
  return median(
    Array.from({ length: rounds }, (_, round) => figure(name => measured.get(name)?.[round] ?? Number.NaN)),
  )
}

/** The middle of a list, in whatever order. */
export function median(values: readonly number[] = []): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** Wall-clock milliseconds of one process, its output thrown away but checked. */
export function timed(argv: readonly string[], options: SpawnSyncOptions = {}): number {
  const [program = process.execPath, ...rest] = argv
  const started = performance.now()
  const { status, stderr } = spawnSync(program, rest, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
  const took = performance.now() - started
  if (status !== 0) throw new Error(`${argv.join(' ')} exited with ${status}: ${stderr}`)
  return took
}

/** What everything is compared with: the same Node, doing nothing. */
export const bareNode: Case = { name: 'node -e 0', run: () => timed([process.execPath, '-e', '0']) }

/** Kills or holds a process at an exact moment of its life: the words for the program that does it. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../../e2e/harness/until.js'
import type { World } from './world.js'
import { program } from './world.js'

/** Somebody's command line has this in it. The command itself, the owner of a background run, what a guard becomes. */
const VICTIMS = { caller: '', shim: '/shim.js own ', guard: '/shim.js end-lost ' } as const

export type Victim = keyof typeof VICTIMS

export type Moment =
  | `${'before' | 'after'} ${'link' | 'unlink'} ${string}`
  | `${'before' | 'after'} ${'call' | 'signal'} ${number}`
  | `after fork ${number}`
  | `hold ${'link' | 'unlink'} ${string}`

/** What became of it. */
export interface Struck {
  /** False where the victim's life had no such moment. */
  readonly killed: boolean
  /** System calls that the victim had made by then. */
  readonly calls: number
}

export class KillAt {
  readonly argv: readonly string[]
  readonly #report: string

  /** @param name unique in the world */
  constructor(world: World, name: string, victim: Victim, moment: Moment) {
    this.#report = join(world.path, `${name}.kill-at`)
    const [when = '', event = '', ...text] = moment.split(' ')
    this.argv = [program('kill-at'), this.#report, VICTIMS[victim], when, event, text.join(' ')]
  }

  async struck(): Promise<Struck> {
    const [word, number] = await this.#reported()
    return { killed: word === 'killed', calls: Number(number) }
  }

  /** Waits until the victim is held. @returns what lets it go on */
  async held(): Promise<() => void> {
    const [word] = await this.#reported()
    if (word !== 'held') throw new Error(`${this.argv.slice(2).join(' ')}: ${word}`)
    return () => writeFileSync(`${this.#report}.go`, '')
  }

  async #reported(): Promise<readonly string[]> {
    await until(`${this.argv.slice(2).join(' ')}`, () => existsSync(this.#report))
    return readFileSync(this.#report, 'utf8').split(' ')
  }
}

/** Whether this machine lets a process trace another one (ptrace(2)). */
export const canTrace = (): boolean =>
  spawnSync(program('kill-at'), [`${program('kill-at')}.probe`, '', 'before', 'call', '0', 'true'], {
    timeout: 10_000,
  }).status === 0

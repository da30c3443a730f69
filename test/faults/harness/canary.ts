/** Innocent processes: whoever signals one of them has signalled somebody who was not meant. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { until } from '../../e2e/harness/until.js'
import type { Below } from './witness.js'
import { program, type World } from './world.js'

export class Canary {
  readonly process: Below
  readonly #world: World
  readonly #file: string

  private constructor(world: World, file: string, process: Below) {
    this.#world = world
    this.#file = file
    this.process = process
  }

  /**
   * Starts one that leads a session of its own.
   * @param pid the one that it gets, as soon as that is free; in a PID namespace of ours alone
   */
  static async start(world: World, name: string, pid?: number): Promise<Canary> {
    const file = join(world.path, `canary-${name}`)
    const words = pid === undefined ? [] : [String(pid)]
    const started = await world.exec([program('canary'), file, ...words])
    return Canary.at(world, name, pid ?? started.pid)
  }

  /** One that the test started by itself, with the file that `start` would give it. */
  static async at(world: World, name: string, pid: number): Promise<Canary> {
    const file = join(world.path, `canary-${name}`)
    await until(`the canary ${name}`, () => existsSync(file) && readFileSync(file, 'utf8') !== '')
    const found = (await world.survivors()).find(one => one.pid === pid)
    if (!found) throw new Error(`the canary ${name} has not the pid ${pid}`)
    return new Canary(world, file, found)
  }

  /** It lives, runs, and has got no signal. */
  async expectUntouched(context: string): Promise<void> {
    const { pid, start_time } = this.process
    const now = (await this.#world.survivors()).find(one => one.pid === pid)
    expect(now, `${context}: ${this.#file}`).toMatchObject({
      start_time,
      state: expect.stringMatching(/[SR]/),
    })
    expect(readFileSync(this.#file, 'utf8'), `${context}: ${this.#file}`).toBe('ready\n')
  }

  async end(): Promise<void> {
    expect(await this.#world.witness.kill(this.process, 'SIGKILL')).toBe(true)
  }
}

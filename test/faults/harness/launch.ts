/** The call by which each verb runs a program, and what is recorded of the run: where a test finds whom to attack. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { CHAPERONE } from '../../e2e/harness/sandbox.js'
import { seen } from '../../e2e/harness/seen.js'
import { until } from '../../e2e/harness/until.js'
import { probe } from '../../e2e/tracked/probe.js'
import type { Verb } from './ways.js'
import type { Below } from './witness.js'
import { DEADLINE_MS, type World, type WorldAnswer } from './world.js'

type Holder = Pick<Below, 'pid' | 'start_time'>

/** Those of a run that a test may kill, by the identities on record. */
export interface Recorded {
  readonly run_id: string
  readonly main: Holder
  readonly owner: Holder
  readonly guard: Holder
}

export interface Begun extends Recorded {
  /** Of the call that began it. */
  readonly answer: Promise<WorldAnswer>
}

export type RecordName = 'intent' | 'owner' | 'main' | 'stop' | 'end'

/** A tool that runs one program by one verb. */
export class Launch {
  readonly state: string
  readonly #world: World
  readonly #verb: Verb
  readonly #words: readonly string[]
  readonly #script: string

  /**
   * @param options of the command, for `run` and `start`
   * @param script of the reference tool, where it is not the built one; for `ctx.run`, of a tool that runs the program
   */
  constructor(
    world: World,
    verb: Verb,
    program: readonly string[],
    options: readonly string[] = [],
    script?: string,
  ) {
    this.#world = world
    this.#verb = verb
    this.#words = verb === 'ctx.run' ? [] : [...options, '--', ...program]
    this.state = join(world.root, stateOf(world.path, verb))
    const tracking = `await ctx.run(${JSON.stringify(program)})\nreturn { ran: true }`
    this.#script = script ?? (verb === 'ctx.run' ? probe(world, tracking) : CHAPERONE)
  }

  /** The whole command line that runs the program. */
  argv(session: string): string[] {
    const command = this.#verb === 'ctx.run' ? 'go' : this.#verb
    return [process.execPath, this.#script, command, '--session', session, ...this.#words]
  }

  /**
   * Another call of the same tool.
   * @param through the words of a program that runs it, if any
   */
  async call(argv: readonly string[], through: readonly string[] = []): Promise<WorldAnswer> {
    return (await this.#world.exec([...through, process.execPath, this.#script, ...argv])).answer
  }

  get run_ids(): string[] {
    const runs = join(this.state, 'runs')
    return existsSync(runs) ? readdirSync(runs) : []
  }

  /** A record as it is on the disk; null where it is not. */
  read(run_id: string, name: RecordName): ReturnType<typeof JSON.parse> | null {
    const path = join(this.state, 'runs', run_id, `${name}.json`)
    return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null
  }

  record(run_id: string, name: RecordName): Promise<ReturnType<typeof JSON.parse>> {
    return until(`${name}.json of run ${run_id}`, () => this.read(run_id, name), DEADLINE_MS)
  }

  /** The run of a session, as soon as its intent is recorded. */
  runOf(session: string): Promise<string> {
    return until(
      `a run of session ${session}`,
      () => this.run_ids.find(run_id => this.read(run_id, 'intent')?.session_id === session) ?? null,
    )
  }

  /** The run of a session once its program runs. */
  async running(session: string): Promise<Recorded> {
    const run_id = await this.runOf(session)
    const { main } = await this.record(run_id, 'main')
    const { owner, guard, tracking } = this.read(run_id, 'owner')
    // Else the row would try the other way of following a run.
    expect(tracking.method).toBe(this.#world.method)
    return { run_id, main: holder(main), owner: holder(owner), guard: holder(guard) }
  }

  /**
   * Begins a run, which runs when this resolves. A `start` has answered: as long as it has not, it would end a run whose
   * owner dies.
   */
  async begin(session: string, through: readonly string[] = []): Promise<Begun> {
    const { answer } = await this.#world.exec([...through, ...this.argv(session)])
    const recorded = await this.running(session)
    if (this.#verb === 'start') expect((await answer).code).toBe(0)
    return { ...recorded, answer }
  }

  /** Waits until the owner of a run has written down that it has seen all of these. */
  seen(run_id: string, pids: readonly number[]): Promise<void> {
    return seen(join(this.state, 'runs', run_id), pids)
  }

  /** Processes that some record of these runs names. */
  recordedPids(chosen: (run_id: string) => boolean): Set<number> {
    return new Set(
      this.run_ids
        .filter(chosen)
        .flatMap(run_id => [
          this.read(run_id, 'owner')?.owner,
          this.read(run_id, 'owner')?.guard,
          this.read(run_id, 'main')?.main,
        ])
        .flatMap(identity => (identity ? [identity.pid] : [])),
    )
  }
}

/** Where the tool of a verb records its runs. */
export const stateOf = (world: string, verb: Verb): string =>
  join(world, verb === 'ctx.run' ? 'home/.local/state/probe' : 'state')

const holder = ({ pid, start_time }: { pid: number; start_time: number }): Holder => ({
  pid,
  start_time: String(start_time),
})

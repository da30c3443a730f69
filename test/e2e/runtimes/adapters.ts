/** The runtimes that the conformance suite is held against, and how a stranger starts a run of each. */
import { expect } from 'vitest'
import { Launcher, type Started } from '../background/launcher.js'
import type { CallOptions, Sandbox } from '../harness/sandbox.js'

export interface Adapter {
  readonly runtime: string
  /** The members of the handle that `show` answers with. */
  readonly handle: readonly string[]
  /** The program has a terminal: what it writes passes through one. */
  readonly has_terminal: boolean
  world(sandbox: Sandbox, options?: WorldOptions): World
}

export interface WorldOptions {
  readonly max_lifetime_seconds?: number
  /** More options of the start, as source of members of an object. */
  readonly start_options?: string
}

/** A tool whose runs are of one runtime. */
export class World {
  readonly tool: Launcher
  readonly #sandbox: Sandbox

  constructor(sandbox: Sandbox, tool: Launcher) {
    this.#sandbox = sandbox
    this.tool = tool
  }

  start(program: readonly string[], options?: CallOptions & { session?: string }): Promise<Started> {
    return this.tool.launch(program, options)
  }

  // biome-ignore lint/suspicious/noExplicitAny: what an answer holds is what the tests ask
  async show(run_id: string): Promise<any> {
    const answer = await this.tool.call(['show', run_id])
    expect(answer.code, answer.stdout).toBe(0)
    return answer.envelope.data
  }

  /** What `wait` answers once the run has ended. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  async ended(run_id: string): Promise<any> {
    const answer = await this.tool.call(['wait', run_id, '--timeout', '60s'])
    expect(answer.code, answer.stdout).toBe(0)
    return this.show(run_id)
  }

  get sandbox(): Sandbox {
    return this.#sandbox
  }
}

const ofLauncher =
  (runtime: string) =>
  (sandbox: Sandbox, { max_lifetime_seconds, start_options = '' }: WorldOptions = {}): World =>
    new World(
      sandbox,
      new Launcher(sandbox, {
        ...(max_lifetime_seconds === undefined ? {} : { max_lifetime_seconds }),
        // What no argument may hold comes by the environment.
        body: `const program = ctx.env.PROGRAM === undefined ? args.program : JSON.parse(ctx.env.PROGRAM)
    await ctx.background.spawn(program, { ...SPAWN_OPTIONS, env: { PROGRAM: undefined } })
    return { launched: true }`,
        spawn_options: `{ runtime: '${runtime}', ${start_options} }`,
      }),
    )

export const ADAPTERS: readonly Adapter[] = [
  {
    runtime: 'background',
    handle: ['pid', 'pgid'],
    has_terminal: false,
    world: ofLauncher('background'),
  },
  {
    runtime: 'tmux',
    handle: ['socket', 'window'],
    has_terminal: true,
    world: ofLauncher('tmux'),
  },
]

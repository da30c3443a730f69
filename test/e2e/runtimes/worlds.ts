/** A test's own tool whose runs are of one runtime, and how a stranger starts one with it. */
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { Launcher, type Started } from '../background/launcher.js'
import { type Answer, type CallOptions, CHAPERONE, finished, type Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'

export interface WorldOptions {
  readonly max_lifetime_seconds?: number
  /** More options of a start that answers before its program ends, as source of members of an object. */
  readonly start_options?: string
}

export interface StartOptions extends Pick<CallOptions, 'cwd' | 'env'> {
  readonly session?: string
  /** In octal. */
  readonly umask?: string
}

/** What a run is known by once its program was started. */
export type Run = Pick<Started, 'run_id' | 'background_pid' | 'pid_file' | 'log_path'> & {
  readonly session_id: string
}

export abstract class World {
  readonly sandbox: Sandbox
  /** The entry of the tool. */
  abstract readonly script: string
  /** What its environment variables begin with. */
  abstract readonly prefix: string
  abstract readonly state: string
  abstract readonly env: Readonly<Record<string, string>>

  constructor(sandbox: Sandbox) {
    this.sandbox = sandbox
  }

  abstract start(program: readonly string[], options?: StartOptions): Promise<Run>

  /** The error that answers the start of what cannot be started. */
  abstract refused(program: string): Promise<Answer['envelope']['error']>

  call(argv: readonly string[], options: CallOptions = {}): Promise<Answer> {
    return this.sandbox.call(argv, this.with(options))
  }

  with(options: CallOptions): CallOptions {
    return { script: this.script, ...options, env: { ...this.env, ...options.env } }
  }

  /** What `stop` says of one run. */
  // biome-ignore lint/suspicious/noExplicitAny: what an answer holds is what the tests ask
  async stop(run_id: string, ...options: readonly string[]): Promise<any> {
    const answer = await this.call(['stop', run_id, ...options])
    expect(answer.code, answer.stdout).toBe(0)
    return answer.envelope.data.stopped[0]
  }

  // biome-ignore lint/suspicious/noExplicitAny: as above
  async show(run_id: string): Promise<any> {
    const answer = await this.call(['show', run_id])
    expect(answer.code, answer.stdout).toBe(0)
    return answer.envelope.data
  }

  /** What `show` says once `wait` says that the run has ended. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  async ended(run_id: string): Promise<any> {
    const answer = await this.call(['wait', run_id, '--timeout', '60s'])
    expect(answer.code, answer.stdout).toBe(0)
    return this.show(run_id)
  }

  /** The end record of a run, as soon as it is there. */
  endOf(run_id: string): Promise<Readonly<Record<string, unknown>>> {
    return until('the end record', () => this.record(run_id, 'end'))
  }

  protected record(run_id: string, name: string) {
    const path = join(this.state, 'runs', run_id, `${name}.json`)
    return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null
  }
}

/** An author's tool, whose command starts what it is told to and answers. */
export class LaunchedWorld extends World {
  readonly prefix = 'LAUNCHER_'
  readonly #launcher: Launcher

  constructor(runtime: string, sandbox: Sandbox, { max_lifetime_seconds, start_options = '' }: WorldOptions) {
    super(sandbox)
    this.#launcher = new Launcher(sandbox, {
      ...(max_lifetime_seconds === undefined ? {} : { max_lifetime_seconds }),
      // What no argument may hold comes by the environment.
      body: `await ctx.background.spawn(JSON.parse(ctx.env.PROGRAM), { ...SPAWN_OPTIONS, env: { PROGRAM: undefined } })
    return { launched: true }`,
      spawn_options: `{ runtime: '${runtime}', ${start_options} }`,
    })
  }

  get script(): string {
    return this.#launcher.script
  }

  get state(): string {
    return this.#launcher.state
  }

  get env(): Readonly<Record<string, string>> {
    return this.#launcher.env
  }

  async start(program: readonly string[], options: StartOptions = {}): Promise<Started> {
    const answer = await this.#launch(program, options)
    expect(answer.code, answer.stdout + answer.stderr).toBe(0)
    return answer.envelope.data
  }

  async refused(program: string): Promise<Answer['envelope']['error']> {
    const { code, envelope } = await this.#launch([program], {})
    expect(code).toBe(1)
    return envelope.error
  }

  #launch(program: readonly string[], { session, umask, ...rest }: StartOptions): Promise<Answer> {
    const argv = ['launch', ...(session === undefined ? [] : ['--session', session])]
    const options = this.with({ ...rest, env: { ...rest.env, PROGRAM: JSON.stringify(program) } })
    if (umask === undefined) return this.sandbox.call(argv, options)
    const line = `umask ${umask}; exec "${process.execPath}" "${this.script}" ${argv.join(' ')}`
    return this.sandbox.sh(line, options)
  }
}

/** The reference tool's `run`: the call holds the run, and lives as long as its program. */
export class ForegroundWorld extends World {
  readonly script = CHAPERONE
  readonly prefix = 'CHAPERONE_'
  readonly env = {}
  readonly #options: readonly string[]

  constructor(sandbox: Sandbox, { max_lifetime_seconds }: WorldOptions) {
    super(sandbox)
    const lifetime = max_lifetime_seconds === undefined ? [] : ['--max-lifetime', `${max_lifetime_seconds}s`]
    this.#options = ['--capture', '--on-leftover', 'terminate', '--grace', '300ms', ...lifetime]
  }

  get state(): string {
    return this.sandbox.state
  }

  async start(program: readonly string[], options: StartOptions = {}): Promise<Run> {
    const { session, umask, cwd = this.sandbox.path, env } = options
    const argv = ['run', ...(session === undefined ? [] : ['--session', session]), ...this.#options]
    const call = [process.execPath, this.script, ...argv, '--', ...program]
    const shell = umask === undefined ? [] : ['/bin/sh', '-c', `umask ${umask}; exec "$@"`, 'sh']
    const [program_path = '', ...words] = [...shell, ...call]
    const owner = spawn(program_path, words, {
      cwd,
      env: { ...this.sandbox.env, ...env },
      stdio: 'pipe',
    })
    const ended = finished(owner)
    const run = await Promise.race([
      until('the run to be recorded', () => this.#runOf(owner.pid)),
      ended.then(answer => this.#runOf(owner.pid) ?? Promise.reject(new Error(answer.stderr))),
    ])
    return run
  }

  async refused(program: string): Promise<Answer['envelope']['error']> {
    const { code, stderr } = await this.call(['run', '--', program])
    expect([126, 127]).toContain(code)
    return JSON.parse(stderr).error
  }

  /** By who recorded it, once its program was started. */
  #runOf(owner: number | undefined): Run | null {
    const path = join(this.state, 'runs')
    for (const run_id of existsSync(path) ? readdirSync(path) : []) {
      const main = this.record(run_id, 'main')
      const intent = this.record(run_id, 'intent')
      if (!main || intent?.starter.pid !== owner) continue
      return {
        run_id,
        session_id: intent.session_id,
        background_pid: main.main.pid,
        pid_file: join(this.state, 'sessions', intent.session_id, 'children.pids'),
        log_path: join(path, run_id, 'output.log'),
      }
    }
    return null
  }
}

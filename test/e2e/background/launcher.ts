/** A small author's tool, in the consumer project: one background command that starts whatever program it is told to. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Answer, CallOptions, Scene } from '../harness/sandbox.js'
import { until } from '../harness/until.js'

/** What the framework adds to the answer of a background command. */
export interface Started {
  readonly background_pid: number
  readonly cleanup_command: string
  readonly pid_file: string
  readonly run_id: string
  readonly session_id: string
  readonly log_path: string
}

export interface LauncherOptions {
  readonly name?: string
  readonly max_lifetime_seconds?: number
  /** The options of `ctx.background.spawn`, as source. */
  readonly spawn_options?: string
  /** The body of `execute(args, ctx)`, as source, where it is more than one spawn. */
  readonly body?: string
  /** The body of a cleanup command of its own, `halt`, as source; without it the built-in `stop` is the one. */
  readonly halt?: string
}

export class Launcher {
  readonly script: string
  readonly state: string
  readonly env: Readonly<Record<string, string>>
  readonly #scene: Scene

  constructor(scene: Scene, options: LauncherOptions = {}) {
    const { name = 'launcher' } = options
    this.#scene = scene
    this.script = scene.tool(name, source(name, options))
    this.state = join(scene.path, `${name}-state`)
    this.env = { [`${name.toUpperCase()}_STATE_DIR`]: this.state, ...scene.trackingOf(name) }
  }

  call(argv: readonly string[], options: CallOptions = {}): Promise<Answer> {
    return this.#scene.call(argv, this.with(options))
  }

  /** Runs a command line as a shell does. */
  sh(line: string, options: CallOptions = {}): Promise<Answer> {
    return this.#scene.sh(line, this.with(options))
  }

  /** Starts a program; the start must succeed. */
  async launch(
    program: readonly string[],
    options: CallOptions & { session?: string } = {},
  ): Promise<Started> {
    const session = options.session === undefined ? [] : ['--session', options.session]
    const answer = await this.call(['launch', ...session, '--', ...program], options)
    expect(answer.code, answer.stdout + answer.stderr).toBe(0)
    return answer.envelope.data
  }

  /** The end record of a run, as soon as it is there. */
  endOf(run_id: string): Promise<Readonly<Record<string, unknown>>> {
    const path = join(this.state, 'runs', run_id, 'end.json')
    return until('the end record', () => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null))
  }

  with(options: CallOptions): CallOptions {
    return { script: this.script, ...options, env: { ...this.env, ...options.env } }
  }
}

function source(name: string, options: LauncherOptions): string {
  const { max_lifetime_seconds = 600, spawn_options = '{}' } = options
  const body =
    options.body ?? 'await ctx.background.spawn(args.program, SPAWN_OPTIONS)\nreturn { launched: true }'
  return `
import { defineCommand, runTool } from 'chaperone'

const SPAWN_OPTIONS = ${spawn_options}

const launch = defineCommand({
  name: 'launch',
  description: 'Start a program in the background.',
  danger_level: 'safe',
  required_scopes: [],
  spawns_background_process: true,
  cleanup_command: '${options.halt === undefined ? 'stop' : 'halt'}',
  max_lifetime_seconds: ${max_lifetime_seconds},
  flags: {},
  positionals: [{ name: 'program', type: 'string', variadic: true, description: 'The program and its arguments' }],
  exit_codes: {
    SUCCESS: { description: 'The program runs', retryable: false, side_effects: 'complete' },
    CONFLICT: { description: 'The handler was told to fail', retryable: false, side_effects: 'none' },
  },
  output_schema: { type: 'object', properties: { launched: { type: 'boolean' } }, required: ['launched'] },
  async execute(args, ctx) {
    ${body}
  },
})

${options.halt === undefined ? '' : haltSource(options.halt)}
await runTool({ name: '${name}', version: '1.0.0', description: 'Starts programs.', commands: [launch${options.halt === undefined ? '' : ', halt'}] })
`
}

const haltSource = (body: string): string => `
const halt = defineCommand({
  name: 'halt',
  description: 'End a program.',
  danger_level: 'mutating',
  required_scopes: [],
  flags: { run: { type: 'string', description: 'The run' } },
  exit_codes: {
    SUCCESS: { description: 'It has ended', retryable: false, side_effects: 'complete' },
    CONFLICT: { description: 'It was told to fail', retryable: false, side_effects: 'none' },
  },
  output_schema: { type: 'object', properties: { effect: { enum: ['updated', 'noop'] } }, required: ['effect'] },
  async execute(args, ctx) {
    ${body}
  },
})
`

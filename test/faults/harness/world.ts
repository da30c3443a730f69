/**
 * The world of one fault test: a sandbox, and a witness below which everything of the test is started. At its end
 * whatever is left is killed, and the test fails by it, as it does by an owner or a guard that crashed.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { expect, inject, onTestFinished } from 'vitest'
import { type Answer, CHAPERONE, type Envelope, Sandbox, type Scene } from '../../e2e/harness/sandbox.js'
import { until } from '../../e2e/harness/until.js'
import { asSpace, type Space } from './space.js'
import type { Method } from './ways.js'
import { type Below, type Exit, Witness } from './witness.js'

/** Of what was left a failure names so many. */
const NAMED = 10
/** Beyond any end of ours, a lifetime on a slow machine too: it ends a hang, and measures nothing. */
export const DEADLINE_MS = 180_000

export interface WorldCall {
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  readonly input?: string
  /** Another entry than the reference tool: a script that node runs. */
  readonly script?: string
  /** Where stdout goes instead of a file of its own: a fifo, /dev/full. The answer has none of it then. */
  readonly stdout?: string
}

/** A command that was started below the witness. */
export interface Running {
  readonly pid: number
  readonly answer: Promise<WorldAnswer>
  /** @returns whether it was still there */
  kill(signal: NodeJS.Signals): Promise<boolean>
}

export interface WorldAnswer extends Answer {
  /** As wait(2) tells it: a number, also for a signal that has no name. */
  readonly exit: Exit
}

export class World implements Scene {
  readonly sandbox: Sandbox
  readonly witness: Witness
  readonly path: string
  readonly state: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** What to put before a path to see it as the witness does; empty where the test sees the same. */
  readonly root: string
  /** How runs have to be followed in it. */
  readonly method: Method
  #calls = 0

  private constructor(sandbox: Sandbox, method: Method, space: Space | null) {
    this.sandbox = sandbox
    const witness = [program('witness')]
    this.witness = new Witness(space ? asSpace(space, sandbox.path, witness) : witness)
    this.root = space?.has_disk ? this.witness.root : ''
    this.path = sandbox.path
    this.state = sandbox.state
    this.method = method
    this.env = { ...sandbox.env, CHAPERONE_TRACKING: undefined, ...this.trackingOf('chaperone') }
  }

  /**
   * Made for the running test.
   * @param space namespaces in which the witness is, and with it everything of the test
   */
  static create(method: Method, space: Space | null = null): World {
    const world = new World(Sandbox.create(), method, space)
    // The last to be registered is the first to be called: the sandbox is removed when nothing uses it any more.
    onTestFinished(() => world.#close())
    return world
  }

  directory(name: string): string {
    return this.sandbox.directory(name)
  }

  file(name: string, content: string): string {
    return this.sandbox.file(name, content)
  }

  tool(name: string, source: string): string {
    return this.sandbox.tool(name, source)
  }

  trackingOf(tool: string): Readonly<Record<string, string>> {
    const prefix = tool.toUpperCase().replaceAll('-', '_')
    return this.method === 'snapshot' ? { [`${prefix}_TRACKING`]: 'snapshot' } : {}
  }

  /** Starts a call of the tool and leaves it running. */
  spawn(argv: readonly string[], options: WorldCall = {}): Promise<Running> {
    return this.exec([process.execPath, options.script ?? CHAPERONE, ...argv], options)
  }

  /** Makes a call and waits until it has exited. */
  async call(argv: readonly string[], options: WorldCall = {}): Promise<WorldAnswer> {
    return (await this.spawn(argv, options)).answer
  }

  /** Runs a command line as a shell does. */
  async sh(line: string, options: WorldCall = {}): Promise<WorldAnswer> {
    return (await this.exec(['/bin/sh', '-c', line], options)).answer
  }

  /** Starts any program below the witness. */
  async exec(argv: readonly string[], options: WorldCall = {}): Promise<Running> {
    this.#calls += 1
    const base = join(this.path, `call-${this.#calls}`)
    const [stdout, stderr] = [options.stdout ?? `${base}.out`, `${base}.err`]
    let stdin = '/dev/null'
    if (options.input !== undefined) {
      stdin = `${base}.in`
      writeFileSync(stdin, options.input)
    }
    const { cwd = this.path, env = {} } = options
    const spawned = await this.witness.spawn({
      argv,
      cwd,
      env: { ...this.env, ...env },
      stdin,
      stdout,
      stderr,
    })
    const answer = spawned.exit.then(exit =>
      answerOf(exit, options.stdout === undefined ? stdout : null, stderr),
    )
    return {
      pid: spawned.pid,
      answer,
      kill: async signal => {
        const found = (await this.witness.list()).find(({ pid }) => pid === spawned.pid)
        return found !== undefined && this.witness.kill(found, signal)
      },
    }
  }

  /** What somebody writes into a file of the world, as soon as there is some of it. */
  textIn(name: string): Promise<string> {
    return until(`text in ${name}`, () => textOf(join(this.path, name)))
  }

  /** So many pids, each on a line of its own. */
  async pidsIn(name: string, count: number): Promise<number[]> {
    const all = (): number[] => textOf(join(this.path, name)).split('\n').slice(0, -1).map(Number)
    await until(`${count} pids in ${name}`, () => all().length >= count)
    return all()
  }

  /** What lives below the witness now. */
  async survivors(): Promise<Below[]> {
    return (await this.witness.list()).filter(({ state }) => state !== 'Z' && state !== 'X')
  }

  /** Waits until nothing is left of all that the test started; fails by what is. */
  async nothingLeft(deadline_ms: number = DEADLINE_MS): Promise<void> {
    if (await this.witness.isEmpty(deadline_ms)) return
    expect.fail(`left after ${deadline_ms} ms: ${describeAll(await this.survivors())}`)
  }

  async #close(): Promise<void> {
    // What ends by itself, a moment after its answer, is no leak.
    const left = (await this.witness.isEmpty(DEADLINE_MS / 4)) ? [] : await this.survivors()
    const words = describeAll(left)
    await this.witness.clear()
    await this.witness.close()
    if (left.length > 0) throw new Error(`left running: ${words}`)
    expect(this.witness.crashed, 'crashed').toEqual([])
  }
}

/** The path of a compiled program of test/faults/programs. */
export const program = (name: string): string => join(inject('programs'), name)

const nameOf = (number: number): NodeJS.Signals | null => {
  const found = Object.entries(constants.signals).find(([, value]) => value === number)
  return found ? (found[0] as NodeJS.Signals) : null
}

function answerOf(exit: Exit, stdout_path: string | null, stderr_path: string): WorldAnswer {
  const stdout = stdout_path === null ? '' : textOf(stdout_path)
  return {
    exit,
    code: exit.code,
    signal: exit.signal === null ? null : nameOf(exit.signal),
    stdout,
    stderr: textOf(stderr_path),
    get envelope(): Envelope {
      return JSON.parse(stdout)
    },
  }
}

function textOf(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

/** The words of a process, apart by blanks (proc_pid_cmdline(5)); empty for one that has ended. */
export function commandOf(pid: number): string {
  try {
    return textOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim()
  } catch {
    // It ended while it was read.
    return ''
  }
}

function describeAll(left: readonly Below[]): string {
  const words = left.slice(0, NAMED).map(one => JSON.stringify({ ...one, cmdline: commandOf(one.pid) }))
  return [`${left.length} processes`, ...words].join('\n')
}

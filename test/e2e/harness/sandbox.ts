/** One test's own world: a directory, a state root, an environment; and a check at the end that nothing of it lives. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { inject, onTestFinished } from 'vitest'
import { trackingOf } from './tracking-method.js'
import { until } from './until.js'
import { processesOf, type Seen } from './witness.js'

/** The built reference tool. */
export const CHAPERONE = resolve('dist/bin/chaperone.js')

/** The answer of a call, as a stranger sees it. */
export interface Answer {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  /** The envelope on stdout; throws where there is none. */
  readonly envelope: Envelope
}

export interface Envelope {
  readonly ok: boolean
  // biome-ignore lint/suspicious/noExplicitAny: what an answer holds is what the tests ask
  readonly data: any
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly error: any
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly warnings: readonly any[]
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly meta: any
}

export interface CallOptions {
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  readonly input?: string
  /** Another entry than the reference tool: a script that node runs. */
  readonly script?: string
  /** Told the process as soon as it runs. */
  readonly started?: (child: ChildProcess) => void
}

/** What a program or a tool of a test needs of the place where it runs: a sandbox, or one with more around it. */
export interface Scene {
  readonly path: string
  readonly state: string
  directory(name: string): string
  file(name: string, content: string): string
  tool(name: string, source: string): string
  call(argv: readonly string[], options?: CallOptions): Promise<Answer>
  sh(line: string, options?: CallOptions): Promise<Answer>
  /** The environment that gives a tool the tracking method of the test. */
  trackingOf(tool: string): Readonly<Record<string, string>>
}

export class Sandbox implements Scene {
  /** Unique; stands in the command line or environment of every process of the test. */
  readonly token: string
  readonly path: string
  readonly state: string
  readonly env: Readonly<Record<string, string | undefined>>

  private constructor(path: string) {
    this.path = path
    this.token = basename(path)
    this.state = join(path, 'state')
    const bin = join(path, 'bin')
    mkdirSync(bin)
    symlinkSync(CHAPERONE, join(bin, 'chaperone'))
    mkdirSync(join(path, 'tmp'))
    this.env = {
      PATH: `${bin}:${process.env['PATH']}`,
      HOME: join(path, 'home'),
      TMPDIR: join(path, 'tmp'),
      LANG: 'C.UTF-8',
      CHAPERONE_STATE_DIR: this.state,
      SANDBOX: this.token,
      ...trackingOf('chaperone'),
    }
  }

  /** Made for the running test; ends and removes everything of it afterwards, and fails the test if something lived. */
  static create(): Sandbox {
    const sandbox = new Sandbox(realpathSync(mkdtempSync(join(tmpdir(), 'chaperone-e2e-'))))
    onTestFinished(() => sandbox.#close())
    return sandbox
  }

  directory(name: string): string {
    const path = join(this.path, name)
    mkdirSync(path, { recursive: true })
    return path
  }

  file(name: string, content: string): string {
    const path = join(this.path, name)
    writeFileSync(path, content)
    return path
  }

  /** Starts a call and leaves it running. */
  spawn(
    argv: readonly string[],
    options: CallOptions = {},
    stdio: SpawnOptions['stdio'] = 'pipe',
  ): ChildProcess {
    return spawn(process.execPath, [options.script ?? CHAPERONE, ...argv], {
      cwd: options.cwd ?? this.path,
      env: { ...this.env, ...options.env },
      stdio,
    })
  }

  /** Makes a call and waits until it has exited and its pipes are at their end. */
  call(argv: readonly string[], options: CallOptions = {}): Promise<Answer> {
    return finished(this.spawn(argv, options), options)
  }

  /** Runs a command line as a shell does. */
  sh(line: string, options: CallOptions = {}): Promise<Answer> {
    const child = spawn('/bin/sh', ['-c', line], {
      cwd: options.cwd ?? this.path,
      env: { ...this.env, ...options.env },
      stdio: 'pipe',
    })
    return finished(child, options)
  }

  /** A tool of the consumer project, written for this test; returns its script. */
  tool(name: string, source: string): string {
    const path = join(inject('consumer'), 'tools', `${this.token}-${name}.mjs`)
    writeFileSync(path, source)
    onTestFinished(() => rmSync(path, { force: true }))
    return path
  }

  trackingOf(tool: string): Readonly<Record<string, string>> {
    return trackingOf(tool)
  }

  /** What lives of this test, seen from outside. */
  survivors(): Seen[] {
    return processesOf(this.token)
  }

  async nothingLeft(): Promise<void> {
    await until(
      `nothing to be left of ${this.token}: ${JSON.stringify(this.survivors())}`,
      () => this.survivors().length === 0,
    )
  }

  async #close(): Promise<void> {
    const grace = performance.now() + 3_000
    // Shims and guards end a moment after the answer; what stays is a leak.
    while (this.survivors().length > 0 && performance.now() < grace)
      await new Promise(done => setTimeout(done, 20))
    const left = this.survivors()
    for (const { pid } of left) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It ended in between.
      }
    }
    rmSync(this.path, { recursive: true, force: true, maxRetries: 5 })
    if (left.length > 0) throw new Error(`left running: ${JSON.stringify(left)}`)
  }
}

/** Collects what a process says until it has exited and closed its pipes. */
export function finished(child: ChildProcess, options: CallOptions = {}): Promise<Answer> {
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', chunk => {
    stdout += chunk
  })
  child.stderr?.setEncoding('utf8').on('data', chunk => {
    stderr += chunk
  })
  child.stdin?.on('error', () => {})
  child.stdin?.end(options.input ?? '')
  options.started?.(child)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) =>
      resolve({
        code,
        signal,
        stdout,
        stderr,
        get envelope(): Envelope {
          return JSON.parse(stdout)
        },
      }),
    )
  })
}

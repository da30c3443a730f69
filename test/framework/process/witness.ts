/** What the tests of this room go by: real processes, and what `ps` says of them. Nothing here is the code under test. */
import { type ChildProcess, execFileSync, type SpawnOptions, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const DEADLINE_MS = 20_000

/** Polls until the condition gives something; fails by name after 20 s. */
export async function waitFor<T>(what: string, condition: () => T | null | undefined | false): Promise<T> {
  const deadline = performance.now() + DEADLINE_MS
  for (;;) {
    const value = condition()
    if (value !== null && value !== undefined && value !== false) return value
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

/** Waits until a process is a `sleep` that has nothing else to do: in the middle of an execve(2) it is neither one nor the other. */
export const asleep = (pid: number): Promise<boolean> =>
  waitFor('the exec', () => ps(pid, 'comm') === 'sleep' && ps(pid, 'stat')?.startsWith('S'))

/** One column of `ps` for a process; null where there is none. */
export function ps(pid: number, column: string): string | null {
  const { stdout } = spawnSync('ps', ['-o', `${column}=`, '-p', String(pid)], { encoding: 'utf8' })
  return stdout.trim() === '' ? null : stdout.trim()
}

/** Alive, as `ps` sees it: there, and no zombie. */
export function isAlive(pid: number): boolean {
  const state = ps(pid, 'stat')
  return state !== null && !state.startsWith('Z')
}

/** All that a test starts: every process carries the stage's own marker, by which it is found and ended afterwards. */
export class Stage {
  readonly directory = mkdtempSync(join(tmpdir(), 'stage-'))
  readonly marker = { name: 'STAGE_RUN', value: randomBytes(8).toString('hex') }
  readonly #children: ChildProcess[] = []
  readonly #strays: number[] = []

  path(name: string): string {
    return join(this.directory, name)
  }

  /** Starts a program in a session of its own, with the marker. */
  spawn(
    program: string,
    args: readonly string[],
    options: SpawnOptions = {},
  ): ChildProcess & { pid: number } {
    const child = spawn(program, args, {
      detached: true,
      stdio: 'ignore',
      cwd: this.directory,
      ...options,
      env: { PATH: process.env['PATH'], ...options.env, [this.marker.name]: this.marker.value },
    })
    this.#children.push(child)
    if (child.pid === undefined) throw new Error(`${program} could not be started`)
    return Object.assign(child, { pid: child.pid })
  }

  /** Starts a shell script. `$D` is the stage's directory; `note NAME` writes the shell's pid into a file there. */
  shell(script: string, options: SpawnOptions = {}): ChildProcess & { pid: number } {
    const prelude = 'note() { echo $$ > "$D/$1.new" && mv "$D/$1.new" "$D/$1"; }\n'
    return this.spawn('/bin/sh', ['-c', prelude + script], {
      ...options,
      env: { ...options.env, D: this.directory },
    })
  }

  python(script: string, options: SpawnOptions = {}): ChildProcess & { pid: number } {
    return this.spawn('/usr/bin/env', ['python3', '-c', script], {
      ...options,
      env: { ...options.env, D: this.directory },
    })
  }

  /** The pid in a file that a process of the stage writes. */
  pidIn(name: string): Promise<number> {
    return waitFor(`the pid in ${name}`, () => {
      if (!existsSync(this.path(name))) return null
      const pid = Number(readFileSync(this.path(name), 'utf8').trim())
      return Number.isSafeInteger(pid) && pid > 1 ? pid : null
    })
  }

  /** Ends this process too when the test is over, for one that hides from the marker. */
  alsoEnd(pid: number): void {
    this.#strays.push(pid)
  }

  /** Living processes that carry the marker, by our own reading of /proc. */
  marked(): number[] {
    return readdirSync('/proc')
      .map(Number)
      .filter(pid => Number.isInteger(pid) && pid !== process.pid && this.#carriesMarker(pid) && isAlive(pid))
  }

  /** Ends everything; what is still our child by its handle, so that no stranger can be meant. */
  async clear(): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL')
    for (let round = 0; round < 50; round++) {
      const left = [...this.marked(), ...this.#strays.filter(isAlive)]
      if (left.length === 0) break
      for (const pid of left) {
        try {
          process.kill(pid, 'SIGKILL')
        } catch {
          // Ended by itself.
        }
      }
      await new Promise(resolve => setTimeout(resolve, 5))
    }
    await Promise.all(this.#children.map(child => exited(child)))
    rmSync(this.directory, { recursive: true, force: true })
  }

  #carriesMarker(pid: number): boolean {
    try {
      const entry = `${this.marker.name}=${this.marker.value}`
      return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(entry)
    } catch {
      return false
    }
  }
}

/** Resolves once the child has ended and was reaped. */
export async function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  await new Promise(resolve => child.once('exit', resolve))
}

/** Ends a child and reaps it: its pid is nobody's then. */
export async function reap(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await exited(child)
}

export const isRoot = process.geteuid?.() === 0

/** Whether a test may make namespaces and mounts of its own. */
export const canUnshare = isRoot && spawnSync('unshare', ['--pid', '--mount', '--fork', 'true']).status === 0

/** A tmpfs of its own for a test that needs a full or a strange disk. */
export class Mount {
  readonly path = mkdtempSync(join(tmpdir(), 'mount-'))

  constructor(type: string, options: string) {
    execFileSync('mount', ['-t', type, '-o', options, 'none', this.path])
  }

  remount(options: string): void {
    execFileSync('mount', ['-o', `remount,${options}`, this.path])
  }

  remove(): void {
    execFileSync('umount', ['-l', this.path])
    rmSync(this.path, { recursive: true, force: true })
  }
}

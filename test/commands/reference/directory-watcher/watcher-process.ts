/** The real program as a process, for the tests: started in a temporary directory, its lines awaited with deadlines. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readlinkSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { afterAll, afterEach, beforeEach } from 'vitest'

/** One line, as a reader of the log sees it. */
export interface Line {
  readonly event: string
  readonly path?: string
  readonly from?: string
  readonly path_base64?: string
  readonly from_base64?: string
  readonly type?: string
  readonly directories?: number
  readonly reason?: string
  readonly code?: string
  readonly message?: string
  readonly fix?: string
  readonly at: string
}

const DEADLINE_MS = 20_000
const SOURCE = '../../../../commands/reference/directory-watcher/program.ts'

/** Gives each test of a file an empty directory and the built program, and ends what the test started. */
export class Bench {
  readonly #place = realpathSync(mkdtempSync(join(tmpdir(), 'directory-watcher-')))
  readonly program = join(this.#place, 'program.mjs')
  readonly #started: WatcherProcess[] = []
  #count = 0
  /** The directory of this test; made, and empty. */
  dir = ''
  /** A directory of this test on the same file system, not watched. */
  outside = ''

  constructor() {
    chmodSync(this.#place, 0o755)
    buildSync({
      entryPoints: [fileURLToPath(new URL(SOURCE, import.meta.url))],
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      outfile: this.program,
      logLevel: 'error',
    })
    beforeEach(() => {
      this.#count++
      this.dir = mkdtempSync(join(this.#place, `${this.#count}-watched-`))
      this.outside = mkdtempSync(join(this.#place, `${this.#count}-outside-`))
    })
    afterEach(() => Promise.all(this.#started.splice(0).map(started => started.end())))
    afterAll(() => rmSync(this.#place, { recursive: true, force: true }))
  }

  /** Starts the program on a directory; `command` may wrap it (a shell, unshare). */
  start(dir = this.dir, options: SpawnOptions = {}, command: readonly string[] = []): WatcherProcess {
    const [file = process.execPath, ...args] = [...command, process.execPath, this.program, dir]
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
    const started = new WatcherProcess(child)
    this.#started.push(started)
    return started
  }

  /** Starts the program and waits until it watches. */
  async watch(
    dir = this.dir,
    options: SpawnOptions = {},
    command: readonly string[] = [],
  ): Promise<WatcherProcess> {
    const started = this.start(dir, options, command)
    await started.line('watching', () => true)
    return started
  }
}

export class WatcherProcess {
  readonly child: ChildProcess
  readonly lines: Line[] = []
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  stderr = ''
  #rest = ''
  #over = false
  readonly #listeners = new Set<() => void>()

  constructor(child: ChildProcess) {
    this.child = child
    this.exited = once(child, 'close').then(([code, signal]) => {
      this.#over = true
      for (const listener of this.#listeners) listener()
      return { code, signal }
    })
    child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString('utf8')
    })
    if (child.stdout) this.#read(child.stdout)
  }

  /** Waits until a condition holds, looking at it again with every line. */
  async until(what: string, holds: () => boolean): Promise<void> {
    if (holds()) return
    await new Promise<void>((resolve, reject) => {
      const finish = (error?: Error) => {
        clearInterval(again)
        clearTimeout(deadline)
        this.#listeners.delete(check)
        if (error) reject(error)
        else resolve()
      }
      const check = () => {
        if (holds()) finish()
        else if (this.#over) finish(new Error(`The program ended before ${what}.\n${this.tail()}`))
      }
      const again = setInterval(check, 10)
      const deadline = setTimeout(
        () => finish(new Error(`Waited in vain for ${what}.\n${this.tail()}`)),
        DEADLINE_MS,
      )
      this.#listeners.add(check)
      check()
    })
  }

  /** The first line of an event that fits, from the `from`-th line on. */
  async line(event: string, fits: (line: Line) => boolean, from = 0): Promise<Line> {
    let found: Line | undefined
    const find = () => {
      found = this.lines.slice(from).find(line => line.event === event && fits(line))
      return found !== undefined
    }
    await this.until(`a line ${event} that fits ${fits}`, find)
    if (!found) throw new Error('until() resolved without its condition')
    return found
  }

  /** The line of an event of a path. */
  about(event: string, path: string, from = 0): Promise<Line> {
    return this.line(event, line => line.path === path, from)
  }

  /** Events of entries since the `from`-th line, the paths relative to a directory. */
  told(dir: string, from = 1): string[] {
    const relative = (path: string) => (path === dir ? '.' : path.replace(`${dir}/`, ''))
    return this.lines.slice(from).flatMap(({ event, path, from: source }) => {
      if (path === undefined) return []
      return [`${event} ${source === undefined ? '' : `${relative(source)} -> `}${relative(path)}`]
    })
  }

  /** Sends a signal and waits for the end. */
  async stop(
    signal: NodeJS.Signals = 'SIGTERM',
  ): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    this.child.kill(signal)
    return await this.ended()
  }

  /** How it ended, within a deadline. */
  async ended(): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    await this.until('the end of the program', () => this.#over)
    return await this.exited
  }

  /** Ends it, whatever its state. */
  async end(): Promise<void> {
    this.child.stdout?.resume()
    this.child.kill('SIGKILL')
    await this.exited
  }

  /** Whether it has opened an inotify instance: then its first scan has begun. */
  hasWatches(): boolean {
    const descriptors = `/proc/${this.child.pid}/fd`
    if (!existsSync(descriptors)) return false
    return readdirSync(descriptors).some(fd => linkOf(join(descriptors, fd)) === 'anon_inode:inotify')
  }

  tail(): string {
    return [...this.lines.slice(-12).map(line => JSON.stringify(line)), this.stderr].join('\n')
  }

  #read(stream: NodeJS.ReadableStream): void {
    stream.on('data', (chunk: Buffer) => {
      const parts = (this.#rest + chunk.toString('utf8')).split('\n')
      this.#rest = parts.pop() ?? ''
      for (const part of parts) {
        const line: Line = JSON.parse(part)
        this.lines.push(line)
      }
      for (const listener of this.#listeners) listener()
    })
  }
}

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path)
  } catch {
    return null
  }
}

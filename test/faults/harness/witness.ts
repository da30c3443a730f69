/** The wire to a witness: its requests as calls, its events as promises. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import type { Readable, Writable } from 'node:stream'
import { getSystemErrorName } from 'node:util'

/** A process below the witness at the moment of a look. */
export interface Below {
  readonly pid: number
  readonly ppid: number
  /** The letter of proc_pid_stat(5); Z for a zombie, which is not alive. */
  readonly state: string
  /** In clock ticks since boot: with the pid, its identity. */
  readonly start_time: string
  readonly comm: string
}

/** How a command ended, as wait(2) told the witness; exactly one of the two is null. */
export interface Exit {
  readonly code: number | null
  readonly signal: number | null
}

export interface Spawned {
  readonly pid: number
  readonly exit: Promise<Exit>
}

export interface SpawnRequest {
  readonly argv: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdin: string
  readonly stdout: string
  readonly stderr: string
}

interface Pending {
  readonly answer: (fields: readonly string[]) => void
  readonly fail: (error: Error) => void
}

/** An orphan that ended by a signal that tells of a defect. */
export interface Crashed {
  readonly pid: number
  readonly signal: number
}

export class Witness {
  /** In the order in which they ended. */
  readonly crashed: Crashed[] = []
  readonly #process: ChildProcessByStdio<Writable, Readable, null>
  readonly #pending = new Map<string, Pending>()
  readonly #exits = new Map<string, (exit: Exit) => void>()
  #next = 0
  #is_gone = false

  /** @param argv the witness's program, and what brings it to its place */
  constructor([program = '', ...rest]: readonly string[]) {
    this.#process = spawn(program, rest, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#process.stdin.on('error', () => {})
    let text = ''
    this.#process.stdout.setEncoding('latin1').on('data', chunk => {
      const lines = `${text}${chunk}`.split('\n')
      text = lines.pop() ?? ''
      for (const line of lines) this.#hear(line.split(' '))
    })
    this.#process.once('close', () => {
      this.#is_gone = true
      for (const { fail } of this.#pending.values()) fail(new Error('the witness has ended'))
    })
  }

  /** Where its root directory is seen from outside of its mount namespace (proc_pid_root(5)). */
  get root(): string {
    return `/proc/${this.#process.pid}/root`
  }

  async spawn({ argv, cwd, env, stdin, stdout, stderr }: SpawnRequest): Promise<Spawned> {
    const variables = Object.entries(env).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}=${value}`],
    )
    let ended: (exit: Exit) => void = () => {}
    const exit = new Promise<Exit>(resolve => {
      ended = resolve
    })
    const fields = [cwd, stdin, stdout, stderr, String(variables.length), ...variables, ...argv]
    const [event, number] = await this.#ask('spawn', fields, id => this.#exits.set(id, ended))
    if (event === 'failed') throw new Error(`${argv[0]}: ${getSystemErrorName(-Number(number))}`)
    return { pid: Number(number), exit }
  }

  /** Everything below, zombies too. */
  async list(): Promise<Below[]> {
    const [, ...processes] = await this.#ask('list')
    return processes.map(one => {
      const [pid, ppid, state = '', start_time = '', comm = ''] = one.split(':')
      return { pid: Number(pid), ppid: Number(ppid), state, start_time, comm: decodeURIComponent(comm) }
    })
  }

  /** Whether nothing is left, not even a zombie, within so many ms. One asker at a time. */
  async isEmpty(deadline_ms: number): Promise<boolean> {
    const [, empty] = await this.#ask('empty', [String(deadline_ms)])
    return empty === '1'
  }

  /** Signals a process below by its identity. @returns whether it was there */
  async kill(
    { pid, start_time }: Pick<Below, 'pid' | 'start_time'>,
    signal: NodeJS.Signals,
  ): Promise<boolean> {
    const number = String(constants.signals[signal])
    const [, error] = await this.#ask('kill', [String(pid), start_time, number])
    return error === '0'
  }

  /** Whether what comes to the witness as an orphan is reaped when it ends, as by a good PID 1. */
  async reapAdopted(reaps: boolean): Promise<void> {
    await this.#ask('reap', [reaps ? '1' : '0'])
  }

  /** How often the witness itself was told to end, by TERM, HUP or INT, in its PID namespace; at once counts once. */
  async signalled(): Promise<number> {
    const [, count] = await this.#ask('signalled')
    return Number(count)
  }

  /** Kills everything below. */
  async clear(): Promise<void> {
    await this.#ask('clear')
  }

  async close(): Promise<void> {
    this.#process.stdin.end()
    if (!this.#is_gone) await once(this.#process, 'close')
  }

  #ask(
    request: string,
    fields: readonly string[] = [],
    prepare: (id: string) => void = () => {},
  ): Promise<readonly string[]> {
    this.#next += 1
    const id = String(this.#next)
    prepare(id)
    return new Promise((answer, fail) => {
      if (this.#is_gone) return fail(new Error('the witness has ended'))
      this.#pending.set(id, { answer, fail })
      this.#process.stdin.write(`${[request, id, ...fields].map(encoded).join(' ')}\n`)
    })
  }

  #hear([event = '', id = '', ...rest]: readonly string[]): void {
    if (event === 'crashed') {
      this.crashed.push({ pid: Number(id), signal: Number(rest[0]) })
      return
    }
    if (event === 'exited') {
      const [code, signal] = rest
      this.#exits.get(id)?.(
        code === '-' ? { code: null, signal: Number(signal) } : { code: Number(code), signal: null },
      )
      this.#exits.delete(id)
      return
    }
    this.#pending.get(id)?.answer([event, ...rest])
    this.#pending.delete(id)
  }
}

/** Bytes that are no UTF-8 cannot be sent, and no test needs them. */
const encoded = (field: string): string => encodeURIComponent(field)

/** A call with a terminal: util-linux `script` gives it a pseudo-terminal as stdin, stdout and stderr. */
import { type ChildProcess, spawn } from 'node:child_process'
import type { CallOptions, Sandbox } from '../../harness/sandbox.js'
import { until } from '../../harness/until.js'

const SCRIPT = '/usr/bin/script'
const REPEAT_MS = 1_000

export interface Seen {
  readonly code: number | null
  /** What the screen shows: stdout and stderr but for what the line redirects, and the echo of the keys; no CR. */
  readonly screen: string
}

/**
 * Runs a command line of a shell on a terminal of 80 columns.
 * @param type presses keys while it runs
 */
export async function onTerminal(
  sandbox: Sandbox,
  line: string,
  options: Pick<CallOptions, 'cwd' | 'env'> = {},
  type: (keys: Keys) => Promise<void> = async () => {},
): Promise<Seen> {
  const child = spawn(SCRIPT, ['-qefc', `stty cols 80 rows 24; ${line}`, '/dev/null'], {
    cwd: options.cwd ?? sandbox.path,
    env: { ...sandbox.env, TERM: 'xterm', ...options.env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const keys = new Keys(child)
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  await type(keys)
  const code = await ended
  return { code, screen: keys.screen.replaceAll('\r', '') }
}

export class Keys {
  readonly #child: ChildProcess
  #screen = ''

  constructor(child: ChildProcess) {
    this.#child = child
    child.stdout?.setEncoding('utf8').on('data', chunk => {
      this.#screen += chunk
    })
    // The end of our input would be typed as an end of file, so it stays open; the program may be gone when we type.
    child.stdin?.on('error', () => {})
  }

  get screen(): string {
    return this.#screen
  }

  async press(keys: string, when_shown: string): Promise<void> {
    await until(`${JSON.stringify(when_shown)} on the screen`, () => this.#screen.includes(when_shown))
    this.#child.stdin?.write(keys)
  }

  /** Presses keys again and again: a program that takes over its terminal may throw away what was typed meanwhile. */
  async pressUntil(keys: string, when_shown: string, then_shown: string): Promise<void> {
    await this.press(keys, when_shown)
    let pressed = performance.now()
    await until(`${JSON.stringify(then_shown)} on the screen`, () => {
      if (performance.now() - pressed > REPEAT_MS) {
        pressed = performance.now()
        this.#child.stdin?.write(keys)
      }
      return this.#screen.includes(then_shown)
    })
  }
}

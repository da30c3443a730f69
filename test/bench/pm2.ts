/** pm2 as the yardstick: installed for the benchmark alone, with its daemon warm and a home of its own. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { timed } from './rounds.js'

const VERSION = '7'

export class Pm2 {
  readonly #script: string
  readonly #env: NodeJS.ProcessEnv
  readonly #directory: string
  #started = 0

  private constructor(directory: string) {
    this.#directory = directory
    this.#script = join(directory, 'node_modules/pm2/bin/pm2')
    this.#env = { ...process.env, PM2_HOME: join(directory, 'home'), PM2_DISCRETE_MODE: 'true' }
  }

  /** Null where the registry does not give it. */
  static install(parent: string): Pm2 | null {
    const directory = join(parent, 'pm2')
    mkdirSync(directory)
    writeFileSync(join(directory, 'package.json'), '{"private":true}')
    const install = ['install', '--no-audit', '--no-fund', '--ignore-scripts', `pm2@${VERSION}`]
    try {
      execFileSync('npm', install, { cwd: directory, stdio: 'ignore' })
    } catch {
      return null
    }
    const pm2 = new Pm2(directory)
    pm2.#call('ping')
    return pm2
  }

  /** Starts one `sleep`. @returns milliseconds */
  startOne(): number {
    this.#started += 1
    return this.#call('start', 'sleep', '--name', `sleep-${this.#started}`, '--', '600')
  }

  startMany(count: number): void {
    const apps = Array.from({ length: count }, (_, index) => ({
      name: `many-${index}`,
      script: 'sleep',
      args: '600',
      interpreter: 'none',
    }))
    const file = join(this.#directory, 'many.config.json')
    writeFileSync(file, JSON.stringify({ apps }))
    this.#call('start', file)
  }

  /** @returns milliseconds */
  deleteAll(): number {
    return this.#call('delete', 'all')
  }

  /** Ends the daemon and whatever it holds. */
  end(): void {
    this.#call('kill')
  }

  #call(...argv: string[]): number {
    return timed([process.execPath, this.#script, ...argv], { env: this.#env })
  }
}

/** Random operations on a directory, the same ones for the same seed: what no list of cases would think of. */
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g']

export class RandomOperations {
  readonly #dir: string
  readonly #outside: string
  #state: number

  /** @param outside a directory on the same file system, for moves in and out */
  constructor(dir: string, outside: string, seed: number) {
    this.#dir = dir
    this.#outside = outside
    this.#state = seed
  }

  /** A number from 0 up to, not including, `below` (mulberry32). */
  random(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below)
  }

  /** One operation. One that the file system refuses counts too: a real program's do as well. */
  one(): void {
    const operation = this.#pick(this.#operations)
    try {
      operation()
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error
    }
  }

  readonly #operations: readonly (() => void)[] = [
    () => mkdirSync(this.#place()),
    () => mkdirSync(this.#place()),
    () => mkdirSync(join(this.#directory(), 'a/b/c/d'), { recursive: true }),
    () => writeFileSync(this.#place(), 'x'.repeat(this.random(20))),
    () => writeFileSync(this.#place(), ''),
    () => appendFileSync(this.#place(), 'y'),
    () => symlinkSync('/etc', this.#place()),
    () => linkSync(this.#entry(), this.#place()),
    () => chmodSync(this.#entry(), 0o700),
    () => renameSync(this.#entry(), this.#place()),
    () => renameSync(this.#entry(), this.#place()),
    () => renameSync(this.#entry(), this.#place()),
    () => this.#swap(),
    () => rmSync(this.#entry(), { recursive: this.random(3) === 0 }),
    () => renameSync(this.#entry(), join(this.#outside, this.#pick(NAMES))),
    () => renameSync(join(this.#outside, this.#pick(NAMES)), this.#place()),
  ]

  #swap(): void {
    const aside = join(this.#outside, 'aside')
    const [one, other] = [this.#entry(), this.#entry()]
    renameSync(one, aside)
    try {
      renameSync(other, one)
    } finally {
      renameSync(aside, other)
    }
  }

  #pick<T>(items: readonly T[]): T {
    const item = items[this.random(items.length)]
    if (item === undefined) throw Object.assign(new Error('Nothing to pick from'), { code: 'EMPTY' })
    return item
  }

  #directory(): string {
    let dir = this.#dir
    for (let depth = this.random(4); depth > 0; depth--) {
      const below = readdirSync(dir, { withFileTypes: true }).filter(entry => entry.isDirectory())
      if (below.length === 0) break
      dir = join(dir, this.#pick(below).name)
    }
    return dir
  }

  #entry(): string {
    const dir = this.#directory()
    return join(dir, this.#pick(readdirSync(dir)))
  }

  #place(): string {
    return join(this.#directory(), this.#pick(NAMES))
  }
}

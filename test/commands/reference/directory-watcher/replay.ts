/** A reader of the lines: keeps the directory as they tell it, and objects to every line that cannot be true. */
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Line } from './watcher-process.js'

export class Replay {
  readonly entries: Map<string, string>
  readonly objections: string[] = []
  readonly #root: string
  #read = 0

  constructor(root: string) {
    this.#root = root
    this.entries = find(root)
  }

  /** Takes in the lines that it has not read yet. */
  read(lines: readonly Line[]): void {
    for (; this.#read < lines.length; this.#read++) {
      const line = lines[this.#read]
      if (line) this.#take(line)
    }
  }

  /** What differs from the disk: nothing, if the lines have told the truth. */
  differences(): string[] {
    const disk = find(this.#root)
    const missing = [...disk].filter(([path, type]) => this.entries.get(path) !== type)
    const surplus = [...this.entries].filter(([path]) => !disk.has(path))
    return [...missing.map(([path]) => `not told: ${path}`), ...surplus.map(([path]) => `not there: ${path}`)]
  }

  #take(line: Line): void {
    const { event, path = '', type = '', from = '' } = line
    const known = this.entries.get(path)
    if (event === 'create') {
      this.#expect(line, known === undefined && this.#isDirectory(dirname(path)))
      this.entries.set(path, type)
    } else if (event === 'delete') {
      this.#expect(line, known === type && this.#below(path).length === 0)
      this.entries.delete(path)
    } else if (event === 'change') {
      this.#expect(line, known === type)
    } else if (event === 'rename') {
      // rename(2): a file may take the place of another file.
      const fits = known === undefined || (known !== 'directory' && type !== 'directory')
      this.#expect(line, fits && this.entries.get(from) === type && this.#isDirectory(dirname(path)))
      this.#move(from, path)
    }
  }

  #move(from: string, to: string): void {
    const moving = [from, ...this.#below(from)].map(path => ({ path, type: this.entries.get(path) ?? '' }))
    for (const { path } of moving) this.entries.delete(path)
    for (const { path, type } of moving) this.entries.set(to + path.slice(from.length), type)
  }

  #below(path: string): string[] {
    return [...this.entries.keys()].filter(key => key.startsWith(`${path}/`))
  }

  #isDirectory(path: string): boolean {
    return path === this.#root || this.entries.get(path) === 'directory'
  }

  #expect(line: Line, fits: boolean): void {
    if (!fits) this.objections.push(JSON.stringify(line))
  }
}

/** Everything below a directory, with its type. */
function find(dir: string, found = new Map<string, string>()): Map<string, string> {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name)
    if (entry.isDirectory()) find(path, found.set(path, 'directory'))
    else found.set(path, entry.isFile() ? 'file' : entry.isSymbolicLink() ? 'symlink' : 'other')
  }
  return found
}

/** A page as a reader works through it: one directory, one shell, its blocks in order. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { expect, inject } from 'vitest'
import { type Answer, Sandbox } from '../e2e/harness/sandbox.js'
import type { Block } from './markdown.js'
import { jsonDifference, textMatches } from './printed.js'

/** What a page has around it: nothing but the packed package, or a project in which that is installed. */
export type Surroundings = 'bare' | 'project'

export class Page {
  readonly sandbox = Sandbox.create()
  readonly #name: string
  readonly #directory: string
  readonly #session: string
  readonly #env: Readonly<Record<string, string>>
  #last: Answer | null = null

  constructor(name: string, surroundings: Surroundings) {
    this.#name = name
    this.#directory = this.sandbox.directory('page')
    mkdirSync(this.sandbox.env['HOME'] ?? '', { recursive: true })
    this.#session = this.sandbox.file('session.sh', `cd '${this.#directory}'\n`)
    const consumer = inject('consumer')
    if (surroundings === 'project') {
      symlinkSync(join(consumer, 'node_modules'), join(this.#directory, 'node_modules'))
      writeFileSync(join(this.#directory, 'package.json'), '{"private":true,"type":"module"}')
    } else {
      // Where `npm pack` leaves it in a clone that lies beside the reader's own project.
      const clone = this.sandbox.directory('page/chaperone')
      for (const tarball of readdirSync(consumer).filter(file => file.endsWith('.tgz')))
        cpSync(join(consumer, tarball), join(clone, tarball))
    }
    this.#env = {
      // The compiler, which a page may show at work; then what the sandbox has.
      PATH: `${this.sandbox.env['PATH']}:${resolve('node_modules/.bin')}`,
      npm_config_cache: npmCache(),
      npm_config_prefer_offline: 'true',
      npm_config_audit: 'false',
      npm_config_fund: 'false',
      npm_config_update_notifier: 'false',
    }
  }

  /** Does what a reader does with the block. */
  async read(block: Block): Promise<void> {
    if (block.file !== null) this.#write(block.file, block.content)
    else if (block.mark === 'printed') this.#compare(block)
    else if (block.language === 'sh') await this.#run(block)
    else throw new Error(`${this.#at(block)}: no way to check a block of ${block.language || 'no language'}`)
  }

  /** A reader's project lies where the reader has gone. */
  #write(file: string, content: string): void {
    const path = join(this.#cwd(), file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
  }

  #cwd(): string {
    return execFileSync('/bin/sh', ['-c', `. '${this.#session}'; pwd`], { encoding: 'utf8' }).trimEnd()
  }

  async #run(block: Block): Promise<void> {
    const script = this.sandbox.file(
      'block.sh',
      // What a shell keeps from line to line: where it is, and its variables.
      `. '${this.#session}'\nset -ea\n${block.content}{ export -p; printf "cd '%s'\\n" "$PWD"; } > '${this.#session}'\n`,
    )
    const answer = await this.sandbox.sh(`exec sh -e '${script}'`, { env: this.#env })
    expect(answer.code, `${this.#at(block)}\n${answer.stdout}${answer.stderr}`).toBe(0)
    this.#last = answer
  }

  /** The page may show the end of what was printed. */
  #compare(block: Block): void {
    const printed = this.#last?.stdout
    if (printed === undefined) throw new Error(`${this.#at(block)}: no block before it printed anything`)
    if (block.language === 'json') {
      const last_line = printed.trimEnd().split('\n').at(-1) ?? ''
      const difference = jsonDifference(JSON.parse(block.content), JSON.parse(last_line))
      expect(difference, `${this.#at(block)}\n${last_line}`).toBeNull()
    } else {
      const last_lines = printed.trimEnd().split('\n').slice(-block.content.trimEnd().split('\n').length)
      const same = textMatches(block.content, last_lines.join('\n'))
      expect(same, `${this.#at(block)} shows\n${block.content}and printed was\n${printed}`).toBe(true)
    }
  }

  #at(block: Block): string {
    return `${this.#name}:${block.line}`
  }
}

/** The reader's own cache of packages: the sandbox's home is empty, and nothing is to be fetched twice. */
const npmCache = (): string =>
  execFileSync('npm', ['config', 'get', 'cache'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim()

/** A tool as an author would write it, in the consumer project: its files, how it is called, and its own directory. */
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { inject, onTestFinished } from 'vitest'
import type { Answer, CallOptions, Envelope, Sandbox } from '../../harness/sandbox.js'
import { checked } from './checked.js'

/** What every tool of these tests is called, and what its environment variables begin with. */
export const TOOL = 'mytool'

export class AuthorTool {
  readonly #sandbox: Sandbox
  /** Where its files lie. */
  readonly directory: string
  /** The entry. */
  readonly script: string

  /** @param files by path below the tool's directory; `tool.mjs` is the entry */
  constructor(sandbox: Sandbox, files: Readonly<Record<string, string>>) {
    this.#sandbox = sandbox
    this.directory = join(inject('consumer'), 'tools', `${sandbox.token}-${made++}`)
    this.script = join(this.directory, 'tool.mjs')
    for (const [name, text] of Object.entries(files)) this.write(name, text)
    // So that a command line of an answer runs as it stands.
    chmodSync(this.script, 0o755)
    onTestFinished(() => rmSync(this.directory, { recursive: true, force: true }))
  }

  write(name: string, text: string): void {
    const path = join(this.directory, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }

  call(argv: readonly string[], options: CallOptions = {}): Promise<Answer> {
    return this.#sandbox.call(argv, this.#with(options))
  }

  spawn(argv: readonly string[], options: CallOptions = {}) {
    return this.#sandbox.spawn(argv, this.#with(options))
  }

  /** A command line of a shell, in which `mytool` is this tool. */
  sh(line: string, options: CallOptions = {}): Promise<Answer> {
    const bin = join(this.directory, 'bin')
    this.write(`bin/${TOOL}`, `#!/bin/sh\nexec "${process.execPath}" "${this.script}" "$@"\n`)
    chmodSync(join(bin, TOOL), 0o755)
    return this.#sandbox.sh(line, {
      ...options,
      env: { ...this.#env(options), PATH: `${bin}:${this.#sandbox.env['PATH']}` },
    })
  }

  /** The envelope of a call, validated. */
  async ask(argv: readonly string[], options: CallOptions = {}): Promise<Envelope> {
    return checked(await this.call(argv, options))
  }

  #with(options: CallOptions): CallOptions {
    return { ...options, script: this.script, env: this.#env(options) }
  }

  #env({ env }: CallOptions): Readonly<Record<string, string | undefined>> {
    return { MYTOOL_STATE_DIR: this.#sandbox.state, ...env }
  }
}

let made = 0

/** The entry of a tool whose commands stand in a list. @param commands source text, one call of `command` each */
export function listTool(commands: string, definition = ''): string {
  return `#!/usr/bin/env node
import { runTool } from 'chaperone'
${PRELUDE}
await runTool({ name: '${TOOL}', version: '1.2.3', description: 'A tool of a test.', ${definition} commands: [
${commands}
] })
`
}

/** The entry of a tool whose commands are modules. @param routes from path to module */
export function routedTool(routes: Readonly<Record<string, string>>, definition = ''): string {
  const table = Object.entries(routes).map(
    ([path, module]) => `${JSON.stringify(path)}: () => import(${JSON.stringify(module)}),`,
  )
  return `#!/usr/bin/env node
import { runTool } from 'chaperone'
await runTool({ name: '${TOOL}', version: '1.2.3', description: 'A tool of a test.', ${definition} commands: {
${table.join('\n')}
} })
`
}

/** A module of one command. @param command source text of one call of `command` */
export function commandModule(command: string, before = ''): string {
  return `${PRELUDE}\n${before}\nexport default ${command}\n`
}

/** `command(name, execute, more)` fills in what is the same in every contract of these tests. */
const PRELUDE = `import { defineCommand } from 'chaperone/author'
const SUCCESS = { description: 'Done', retryable: false, side_effects: 'complete' }
const command = (name, execute, more = {}) => defineCommand({
  name, description: 'The command ' + name + '.', danger_level: 'safe', required_scopes: [], flags: {},
  output_schema: { type: 'object' }, ...more, exit_codes: { SUCCESS, ...more.exit_codes }, execute,
})`

/** A tool of one command whose handler a test writes, and what these tests ask of the machine beside it. */
import type { ChildProcess } from 'node:child_process'
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Answer, finished, type Sandbox, type Scene } from '../harness/sandbox.js'
import { until } from '../harness/until.js'
import { isAlive, processesOf, type Seen } from '../harness/witness.js'

export interface ProbeOptions {
  /** Runs at the top of the module, before the tool. */
  readonly prelude?: string
  /** More members of the contract, as source. */
  readonly contract?: string
}

/**
 * Writes a tool `probe` with one command `go` into the consumer project.
 * @param body of `async execute(args, ctx)`; `here` is the sandbox's directory, `note(text)` appends a line to its log,
 *   `isThere(pid)` is whether a process lives
 * @returns the script
 */
export function probe(
  scene: Pick<Scene, 'path' | 'tool'>,
  body: string,
  { prelude = '', contract = '' }: ProbeOptions = {},
): string {
  return scene.tool(
    'probe',
    `
import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import * as child_process from 'node:child_process'
import { join } from 'node:path'
import { defineCommand, runTool } from 'chaperone'
const here = ${JSON.stringify(scene.path)}
const note = text => appendFileSync(join(here, 'log'), text + '\\n')
const pause = ms => new Promise(done => setTimeout(done, ms))
const isThere = pid => existsSync('/proc/' + pid) && !/\\) [ZX] /.test(readFileSync('/proc/' + pid + '/stat', 'latin1'))
const forever = () => new Promise(done => setInterval(() => {}, 1000))
${prelude}
await runTool({
  name: 'probe',
  version: '1.0.0',
  description: 'A tool for one test.',
  commands: [
    defineCommand({
      name: 'go',
      description: 'Do what the test wants.',
      danger_level: 'safe',
      required_scopes: [],
      flags: {},
      exit_codes: {
        SUCCESS: { description: 'Done', retryable: false, side_effects: 'complete' },
        GENERAL_ERROR: { description: 'Failed', retryable: false, side_effects: 'partial' },
      },
      output_schema: { type: 'object' },
      ${contract}
      async execute(args, ctx) {
        ${body}
      },
    }),
  ],
})
`,
  )
}

/** What the three fields of a background command are, for `ProbeOptions.contract`. */
export const BACKGROUND = `spawns_background_process: true, cleanup_command: 'stop', max_lifetime_seconds: 600,`

/** A call that is under way, and the moment at which its answer arrives. */
export interface Running {
  readonly child: ChildProcess
  readonly answer: Promise<Answer>
}

export function go(sandbox: Sandbox, script: string, argv: readonly string[] = []): Running {
  const child = sandbox.spawn(['go', ...argv], { script })
  return { child, answer: finished(child) }
}

/** The lines of the sandbox's log. */
export function log(sandbox: Sandbox): string[] {
  const path = join(sandbox.path, 'log')
  // Only whole lines: a writer makes the file before it writes.
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []
}

export function note(sandbox: Sandbox, text: string): void {
  appendFileSync(join(sandbox.path, 'log'), `${text}\n`)
}

export const logged = (sandbox: Sandbox, line: string): Promise<boolean> =>
  until(`${line} in the log, which has ${JSON.stringify(log(sandbox))}`, () => log(sandbox).includes(line))

/** Waits for a pid in a file that some process writes by itself. */
export function pidIn(sandbox: Sandbox, name: string): Promise<number> {
  const path = join(sandbox.path, name)
  return until(`a pid in ${name}`, () =>
    existsSync(path) ? Number.parseInt(readFileSync(path, 'utf8'), 10) : 0,
  )
}

/** The sandbox's processes that carry a text in their command line. */
export const living = (sandbox: Sandbox, text: string): Seen[] =>
  processesOf(sandbox.token).filter(({ command }) => command.includes(text))

export const gone = (pid: number): Promise<boolean> => until(`process ${pid} to be gone`, () => !isAlive(pid))

/** Directories of calls of the probe that are there now. */
export function tempDirs(sandbox: Sandbox): string[] {
  const base = join(sandbox.path, 'tmp', `probe-${process.getuid?.() ?? 0}`)
  return namesIn(base).map(name => join(base, name))
}

/** How many envelopes a stdout holds; anything else in it fails the test. */
export function envelopesIn(stdout: string): unknown[] {
  return stdout
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line))
}

/** Where the pid file of a session of the probe is, or would be. */
export const pidFile = (sandbox: Sandbox, session: string): string =>
  join(sandbox.path, 'home/.local/state/probe/sessions', session, 'children.pids')

/** The pids in a pid file; none where it is not there. */
export const pidsIn = (path: string): number[] =>
  existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').map(Number).sort() : []

/** Locks of the framework that are there now: directories beside what they lock, below the probe's state. */
export function locks(sandbox: Sandbox): string[] {
  const sessions = join(sandbox.path, 'home/.local/state/probe/sessions')
  return namesIn(sessions)
    .flatMap(session => namesIn(join(sessions, session)))
    .filter(name => name.endsWith('.lock'))
}

/** Empty for what is not there, or goes while one looks. */
function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

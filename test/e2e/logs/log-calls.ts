/** What these tests share: programs that write, raw bytes of a call, and JSON lines taken apart. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Launcher } from '../background/launcher.js'
import type { CallOptions, Envelope, Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'

/** A Node program in the sandbox; `process.argv[2]` is the sandbox's directory. */
export const program = (sandbox: Sandbox, name: string, source: string): string[] => [
  process.execPath,
  sandbox.file(`${name}.cjs`, source),
  sandbox.path,
]

/** Source: writes everything, whatever the kernel takes at once, to a descriptor that is a file. */
export const WRITE = `
const fs = require('node:fs')
const write = bytes => { for (let done = 0; done < bytes.length; ) done += fs.writeSync(1, bytes, done) }
const there = name => fs.existsSync(require('node:path').join(process.argv[2], name))
const when = (name, then) => { const timer = setInterval(() => { if (there(name)) { clearInterval(timer); then() } }, 10) }
`

export interface RawAnswer {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: Buffer
  readonly stderr: string
}

/** Makes a call and keeps its stdout as bytes. */
export async function raw(
  sandbox: Sandbox,
  launcher: Launcher,
  argv: readonly string[],
  options: CallOptions = {},
): Promise<RawAnswer> {
  const child = sandbox.spawn(argv, launcher.with(options))
  options.started?.(child)
  const chunks: Buffer[] = []
  let stderr = ''
  child.stdout?.on('data', chunk => chunks.push(chunk))
  child.stderr?.setEncoding('utf8').on('data', chunk => {
    stderr += chunk
  })
  const [code, signal] = await once(child, 'close')
  return { code, signal, stdout: Buffer.concat(chunks), stderr }
}

/** Waits until the run has ended by itself. */
export const ended = (launcher: Launcher, run_id: string) => launcher.endOf(run_id)

/** The items of JSON lines, and their last line. */
export function jsonLines(stdout: string): {
  items: Record<string, unknown>[]
  last: Record<string, unknown> & Partial<Envelope>
} {
  const lines = stdout.split('\n')
  if (lines.pop() !== '') throw new Error('the last line is not whole')
  const items = lines.map(line => JSON.parse(line))
  const last = items.pop()
  return { items, last }
}

export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

/** What a program wrote into a file of the sandbox. */
export const written = (sandbox: Sandbox, name: string): Promise<string> => {
  const path = join(sandbox.path, name)
  return until(`the file ${name}`, () => (existsSync(path) ? readFileSync(path, 'utf8') : null))
}

/** Templates of a sandbox's user. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Sandbox } from '../harness/sandbox.js'

/** Writes `<name>.json` where the reference tool reads templates; returns its path. */
export function template(sandbox: Sandbox, name: string, content: unknown, mode = 0o600): string {
  const directory = join(sandbox.path, 'home', '.config', 'chaperone', 'templates')
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const path = join(directory, `${name}.json`)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  chmodSync(path, mode)
  return path
}

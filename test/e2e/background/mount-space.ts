/** Scripts in a user and mount namespace of their own, where anybody may mount: a tiny disk, a read-only one. */
import { execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Answer, finished, type Sandbox } from '../harness/sandbox.js'
import type { Launcher } from './launcher.js'

/** Whether this machine lets us make such namespaces; some containers do not. */
export const CAN_MOUNT = ((): boolean => {
  try {
    execFileSync('unshare', ['-Urm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

/**
 * Runs a shell script in the namespaces. It finds: `$STATE` (the launcher's state root, a tmpfs), `$OUT` (a directory
 * for its findings), `launcher …` (the tool), `answer <name> <args…>` (the tool, its answer kept as `<name>`), and
 * `field <name> <expression>` (a value of a kept envelope).
 */
export function inMountSpace(
  sandbox: Sandbox,
  launcher: Launcher,
  size: string,
  body: string,
): Promise<Answer> {
  const out = sandbox.directory('out')
  sandbox.directory('launcher-state')
  const script = sandbox.file(
    'mount-space.sh',
    `set -u
launcher() { "${process.execPath}" "${launcher.script}" "$@"; }
answer() { name=$1; shift; launcher "$@" >"$OUT/$name.json" 2>"$OUT/$name.err"; echo $? >"$OUT/$name.code"; }
field() { "${process.execPath}" -p "JSON.parse(require('fs').readFileSync('$OUT/$1.json')).$2"; }
mount -t tmpfs -o size=${size},mode=700 tmpfs "$STATE" || exit 99
${body}
`,
  )
  return finished(
    spawn('unshare', ['-Urm', 'sh', script], {
      cwd: sandbox.path,
      env: { ...sandbox.env, ...launcher.env, STATE: launcher.state, OUT: out },
    }),
  )
}

/** A kept answer. */
export function kept(sandbox: Sandbox, name: string): { code: number; envelope: Answer['envelope'] } {
  const read = (ending: string) => readFileSync(join(sandbox.path, 'out', `${name}.${ending}`), 'utf8')
  return { code: Number(read('code')), envelope: JSON.parse(read('json')) }
}

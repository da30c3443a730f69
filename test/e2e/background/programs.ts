/** Programs for background runs, as shell scripts: well-behaved, stubborn, and with families of every kind. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'

/** Lives until somebody ends it. */
export const SLEEPER = ['sleep', '3600'] as const

/** A script in the sandbox, run by sh; `$1` is the sandbox's directory. */
export function script(sandbox: Sandbox, name: string, body: string): string[] {
  return ['sh', sandbox.file(`${name}.sh`, `${body}\n`), sandbox.path]
}

/** Ignores TERM, and so does everything that it starts; writes its pid to `stubborn.pid` when it does. */
export const stubborn = (sandbox: Sandbox): string[] =>
  script(sandbox, 'stubborn', `trap '' TERM; echo $$ >"$1/stubborn.pid"; while :; do sleep 1; done`)

/**
 * A main process that waits, and below it: a child in its group, one in a session of its own, and one that left group
 * and session and whose parent has exited. Their pids go to `child.pid`, `setsid.pid`, and, once it is one, `orphan.pid`.
 */
export function family(sandbox: Sandbox, prelude = ''): string[] {
  sandbox.file(
    'orphan.sh',
    `while kill -0 "$2" 2>/dev/null; do sleep 0.1; done; echo $$ >"$1/orphan.pid"; exec sleep 3600\n`,
  )
  return script(
    sandbox,
    'family',
    `${prelude}
sleep 3600 & echo $! >"$1/child.pid"
setsid sh -c 'echo $$ >"$1/setsid.pid"; exec sleep 3600' sh "$1" &
setsid sh -c 'sh "$1/orphan.sh" "$1" $$ & sleep 1' sh "$1" &
while :; do sleep 1; done`,
  )
}

/** The pids of a family that is complete. */
export async function familyOf(sandbox: Sandbox): Promise<number[]> {
  return [await pidIn(sandbox, 'child'), await pidIn(sandbox, 'setsid'), await pidIn(sandbox, 'orphan')]
}

/** Waits for a script to write a pid. */
export function pidIn(sandbox: Sandbox, name: string): Promise<number> {
  const path = join(sandbox.path, `${name}.pid`)
  return until(`${name}.pid`, () => (existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0))
}

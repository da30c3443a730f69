/** Programs for background runs, as shell scripts: well-behaved, stubborn, and with families of every kind. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Scene } from '../harness/sandbox.js'
import { seen } from '../harness/seen.js'
import { until } from '../harness/until.js'

/** Lives until somebody ends it. */
export const SLEEPER = ['sleep', '3600'] as const

/** A script in the sandbox, run by sh; `$1` is the sandbox's directory. */
export function script(scene: Scene, name: string, body: string): string[] {
  return ['sh', scene.file(`${name}.sh`, `${body}\n`), scene.path]
}

/** Ignores TERM, and so does everything that it starts; writes its pid to `stubborn.pid` when it does. */
export const stubborn = (scene: Scene): string[] =>
  script(scene, 'stubborn', `trap '' TERM; echo $$ >"$1/stubborn.pid"; while :; do sleep 1; done`)

/**
 * A main process that waits, and below it: a child in its group, one in a session of its own, and one that left group
 * and session and whose parent exits when there is a file `seen`. Their pids go to `child.pid`, `setsid.pid`,
 * `leaving.pid`, and, once it is one, `orphan.pid`.
 */
export function family(scene: Scene, prelude = ''): string[] {
  scene.file(
    'orphan.sh',
    `while kill -0 "$2" 2>/dev/null; do sleep 0.1; done; echo $$ >"$1/orphan.pid"; exec sleep 3600\n`,
  )
  return script(
    scene,
    'family',
    `${prelude}
sleep 3600 & echo $! >"$1/child.pid"
setsid sh -c 'echo $$ >"$1/setsid.pid"; exec sleep 3600' sh "$1" &
setsid sh -c 'sh "$1/orphan.sh" "$1" $$ & echo $! >"$1/leaving.pid"; until [ -e "$1/seen" ]; do sleep 0.1; done' sh "$1" &
while :; do sleep 1; done`,
  )
}

/** The pids of a family that is complete, and whose orphan was seen before it was one. */
export async function familyOf(scene: Scene): Promise<number[]> {
  await seen(scene.path, [await pidIn(scene, 'leaving')])
  scene.file('seen', '')
  return [await pidIn(scene, 'child'), await pidIn(scene, 'setsid'), await pidIn(scene, 'orphan')]
}

/** Waits for a script to write a pid. */
export function pidIn(scene: Scene, name: string): Promise<number> {
  const path = join(scene.path, `${name}.pid`)
  return until(`${name}.pid`, () => (existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0))
}

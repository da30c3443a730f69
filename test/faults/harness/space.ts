/** Namespaces of one's own (namespaces(7)): another /etc, another boot, a small disk, pids that can be chosen. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Space {
  /** Its first process is process 1 of a PID namespace, with a /proc of that; the last one's end ends all. */
  readonly has_pids?: boolean
  /** Whether the state root is on a disk that is only seen there; not together with pids of its own. */
  readonly has_disk?: boolean
  /** What is mounted before anything runs, as a script of the shell; `$WORLD` is the directory of the test's world. */
  readonly mounts?: string
}

/** Modes count for everybody, also for root (capabilities(7)). */
export const CLOSED: Space = {
  mounts: 'set -- setpriv --inh-caps -all --bounding-set -dac_override,-dac_read_search -- "$@"',
}

/** @returns the command line that runs another one there */
export function asSpace(
  { has_pids = false, mounts = '' }: Space,
  world: string,
  argv: readonly string[],
): string[] {
  const pids = has_pids ? ['--pid', '--fork', '--kill-child', '--mount-proc'] : []
  const script = `set -e\n${mounts}\nexec "$@"`
  return [
    'unshare',
    '--user',
    '--map-root-user',
    '--mount',
    ...pids,
    'env',
    `WORLD=${world}`,
    'sh',
    '-c',
    script,
    'sh',
    ...argv,
  ]
}

/** Ends a hang, and measures nothing: a copy of /etc takes many seconds on a busy machine. */
const DEADLINE_MS = 120_000

/** Whether this machine gives such a space, and everything that the script needs; some containers do not. */
export function canMake(space: Space): boolean {
  const world = mkdtempSync(join(tmpdir(), 'chaperone-space-'))
  try {
    const [program = '', ...rest] = asSpace(space, world, ['true'])
    return spawnSync(program, rest, { stdio: 'ignore', timeout: DEADLINE_MS }).status === 0
  } finally {
    // What it was doing when its time was over may go on for a moment.
    rmSync(world, { recursive: true, force: true, maxRetries: 20 })
  }
}

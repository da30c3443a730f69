/** A process that next to no core is left for: four thousandths of one, by a control group (cgroups(7)). */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const PERIOD_US = 1_000_000
const QUOTA_US = 4_000

interface Limit {
  readonly file: string
  readonly value: string
}

interface Hierarchy {
  readonly directory: string
  readonly limits: readonly Limit[]
}

/** Where this machine lets us make groups that are limited so; null where it does not. */
function hierarchy(): Hierarchy | null {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n')
  for (const mount of mounts) {
    const [, directory = '', type = '', options = ''] = mount.split(' ')
    if (type === 'cgroup' && options.split(',').includes('cpu'))
      return {
        directory,
        limits: [
          { file: 'cpu.cfs_period_us', value: `${PERIOD_US}` },
          { file: 'cpu.cfs_quota_us', value: `${QUOTA_US}` },
        ],
      }
    const enabled = join(directory, 'cgroup.subtree_control')
    if (
      type === 'cgroup2' &&
      existsSync(enabled) &&
      readFileSync(enabled, 'utf8').split(/\s/).includes('cpu')
    )
      return { directory, limits: [{ file: 'cpu.max', value: `${QUOTA_US} ${PERIOD_US}` }] }
  }
  return null
}

/** Whether this machine can starve a process. */
export function canStarve(): boolean {
  try {
    const group = new Starving()
    group.remove()
    return true
  } catch {
    return false
  }
}

export class Starving {
  readonly #directory: string

  /** @throws Error where no such group can be made here */
  constructor() {
    const found = hierarchy()
    if (!found) throw new Error('there is no cpu controller of control groups')
    this.#directory = join(found.directory, `chaperone-starving-${process.pid}-${performance.now()}`)
    mkdirSync(this.#directory)
    for (const { file, value } of found.limits) writeFileSync(join(this.#directory, file), value)
  }

  /** A process with all its threads; what it starts from now on starves with it. */
  take(pid: number): void {
    writeFileSync(join(this.#directory, 'cgroup.procs'), `${pid}`)
  }

  /** Once nothing is in it. */
  remove(): void {
    rmdirSync(this.#directory)
  }
}

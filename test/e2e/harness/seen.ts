/** Waiting until an owner knows of a process: what leaves its parent before is tied to the run by less. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { until } from './until.js'

/** On a busy machine the looks of an owner are up to half a minute apart. */
const DEADLINE_MS = 150_000
const JOURNAL = 'seen.log'

/**
 * Waits until the owners of runs below a directory have written down that they have seen all of these processes.
 * @param path a state root, or where there are some below
 */
export async function seen(path: string, pids: readonly number[]): Promise<void> {
  const areSeen = () => {
    const written = journalsIn(path)
    return pids.every(pid => written.includes(`"pid":${pid},`))
  }
  await until(`${pids} to be seen`, areSeen, DEADLINE_MS)
}

function journalsIn(path: string): string {
  try {
    return readdirSync(path, { recursive: true, encoding: 'utf8' })
      .filter(name => basename(name) === JOURNAL)
      .map(name => readFileSync(join(path, name), 'utf8'))
      .join('')
  } catch {
    // Something went while it was read; the next question finds what is there.
    return ''
  }
}

/** Programs that tell what they were given, and how a stranger sees who holds them. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'

/** What a program found when it began. */
export interface Found {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly umask: number
}

/** Writes what it finds into a file, and lives until somebody ends it. */
export function teller(sandbox: Sandbox, ...argv: readonly string[]): string[] {
  const script = sandbox.file(
    'teller.mjs',
    `import { renameSync, writeFileSync } from 'node:fs'
const found = { argv: process.argv.slice(2), env: process.env, cwd: process.cwd(), umask: process.umask() }
const path = ${JSON.stringify(join(sandbox.path, 'found.json'))}
writeFileSync(path + '.tmp', JSON.stringify(found))
renameSync(path + '.tmp', path)
setInterval(() => {}, 60_000)
`,
  )
  return [process.execPath, script, ...argv]
}

export const told = (sandbox: Sandbox): Promise<Found> =>
  until('the program to tell what it found', () => {
    const path = join(sandbox.path, 'found.json')
    return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null
  })

/** The parent of a process: of a run's main process it is who holds the run. */
export function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}

/** What a process has open, by number, but for what is closed meanwhile. */
export function descriptorsOf(pid: number): Record<string, string> {
  const directory = `/proc/${pid}/fd`
  return Object.fromEntries(
    readdirSync(directory).flatMap(fd => {
      try {
        return [[fd, readlinkSync(join(directory, fd))]]
      } catch {
        return []
      }
    }),
  )
}

/** As `descriptorsOf`, of a program that has been loaded: for a moment it has its libraries open. */
export const loadedDescriptorsOf = (pid: number): Promise<Record<string, string>> =>
  until('its three descriptors', () => {
    const descriptors = descriptorsOf(pid)
    return Object.keys(descriptors).length === 3 ? descriptors : null
  })

/** The files of `cleanup`: declared paths, directories of dead calls, what terminals left, logs and records of ended runs. */
import { lstatSync, readdirSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { BaseContext } from '../../framework/invocation/context.js'
import { internalsOf } from '../../framework/invocation/internals.js'
import { staleTempDirs } from '../../framework/invocation/temp-dir.js'
import { withoutTrace } from '../../framework/invocation/thrown.js'
import { errnoOf } from '../../framework/process/errno.js'
import { endedRuns } from '../../framework/runs/prune.js'
import { logPath } from '../../framework/runs/records.js'
import type { StateRoot } from '../../framework/store/state-root.js'

export type CleanScope = 'default' | 'all' | 'temp' | 'cache' | 'logs' | 'runs'

export interface CleanRequest {
  readonly scope: CleanScope
  readonly min_age_ms: number
  readonly dry_run: boolean
}

export interface Cleaned {
  readonly path: string
  readonly type: 'temp' | 'cache' | 'log' | 'run'
  readonly bytes_freed: number
}

interface Candidate extends Omit<Cleaned, 'bytes_freed'> {
  /** Where that takes more than to remove a tree. @returns false where somebody uses it by now */
  readonly remove?: () => Promise<boolean>
}

const TYPES: Readonly<Record<CleanScope, readonly Cleaned['type'][]>> = {
  default: ['temp', 'cache'],
  all: ['temp', 'cache', 'log', 'run'],
  temp: ['temp'],
  cache: ['cache'],
  logs: ['log'],
  runs: ['run'],
}

/**
 * Removes what the scope names and is old enough, or says what it would remove. Never paths of type output, credential
 * or config. What cannot be looked through or removed becomes a warning: the answer has to tell what became of the runs.
 */
export async function cleanFiles(
  ctx: BaseContext,
  root: StateRoot | null,
  request: CleanRequest,
): Promise<Cleaned[]> {
  const types = new Set<string>(TYPES[request.scope])
  const ended = root && (types.has('log') || types.has('run')) ? endedIn(ctx, root) : []
  const terminals = root && types.has('temp') ? await terminalFiles(root) : []
  const found = [...(await candidates(ctx, ended)), ...terminals].filter(({ type }) => types.has(type))
  const cleaned: Cleaned[] = []
  for (const { path, type, remove } of found) {
    try {
      const tree = measure(path)
      if (!tree || Date.now() - tree.newest_ms < request.min_age_ms) continue
      if (!request.dry_run) {
        if (!remove) rmSync(path, { recursive: true, force: true })
        else if (!(await remove())) continue
      }
      cleaned.push({ path, type, bytes_freed: tree.bytes })
    } catch (error) {
      // Another cleanup removes it at the same time.
      if (errnoOf(error) !== 'ENOENT') warnOf(ctx, path, error)
    }
  }
  return cleaned.sort((a, b) => (a.path < b.path ? -1 : 1))
}

function warnOf(ctx: BaseContext, path: string, error: unknown): void {
  const context = { path, errno: errnoOf(error) }
  ctx.warn('PATH_NOT_CLEANED', `${path} cannot be cleaned up: ${withoutTrace(error)}`, context)
}

/** Log and directory of each ended run; none where not all runs may be looked at. */
function endedIn(ctx: BaseContext, root: StateRoot): Candidate[] {
  try {
    const ids = endedRuns(root).map(({ run_id }) => run_id)
    return [
      ...ids.map(run_id => ({ path: logPath(root, run_id), type: 'log' as const })),
      ...ids.map(run_id => ({ path: root.run(run_id), type: 'run' as const })),
    ]
  } catch (error) {
    warnOf(ctx, join(root.path, 'runs'), error)
    return []
  }
}

async function terminalFiles(root: StateRoot): Promise<Candidate[]> {
  const { terminalLeftovers } = await import('../../framework/runs/terminal-leftovers.js')
  return (await terminalLeftovers(root)).map(leftover => ({ ...leftover, type: 'temp' }))
}

async function candidates(ctx: BaseContext, ended: readonly Candidate[]): Promise<Candidate[]> {
  const { source, facts } = internalsOf(ctx)
  const declared = [...(await source.registry()).commands.values()].flatMap(({ contract }) =>
    (contract.filesystem_side_effects ?? []).flatMap(({ path, type }) =>
      type === 'temp' || type === 'cache' || type === 'log' ? [{ path: absolute(path), type }] : [],
    ),
  )
  return [
    ...declared,
    ...staleTempDirs(facts.tool.name).map(path => ({ path, type: 'temp' as const })),
    ...ended,
  ]
}

const absolute = (path: string): string =>
  path.startsWith('~/') ? join(homedir(), path.slice(2)) : resolve(path)

/** Bytes on disk and the latest change anywhere in a tree; links are counted, not followed. Null where nothing is there. */
function measure(path: string): { bytes: number; newest_ms: number } | null {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  const names = stat?.isDirectory() ? namesIn(path) : []
  if (!stat || !names) return null
  let bytes = stat.blocks * 512
  let newest_ms = stat.mtimeMs
  for (const name of names) {
    const below = measure(join(path, name))
    bytes += below?.bytes ?? 0
    newest_ms = Math.max(newest_ms, below?.newest_ms ?? 0)
  }
  return { bytes, newest_ms }
}

/** Null where the directory has gone since it was seen. */
function namesIn(directory: string): string[] | null {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null
    throw error
  }
}

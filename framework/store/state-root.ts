/** The state root: where all records of a tool lie. Found from the environment, made private, verified at each use. */
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { ensurePrivateDirectory, verifyPrivateDirectory } from './private-directory.js'
import { isSessionId } from './session-id.js'
import { StateDirUnavailable } from './state-dir-unavailable.js'

export { asStateDirUnavailable, StateDirUnavailable } from './state-dir-unavailable.js'

/** The paths below a state root. */
export interface StateRoot {
  readonly path: string
  /** A run's directory. */
  run(run_id: string): string
  /** The empty file that is there as long as anything of a run may live. */
  live(run_id: string): string
  /** A session's directory. */
  session(session_id: string): string
  /** The directory of the claims to one name in a session. */
  name(session_id: string, name: string): string
}

type Environment = Readonly<Record<string, string | undefined>>

const DIRECTORIES = ['sessions', 'runs', 'live'] as const
/** Made by the first stop of a session, by the first unique name, and by the first try of a tracking method. */
const LATER_DIRECTORIES = ['stops', 'names', 'tracking'] as const
const RUN_ID = /^[0-9a-f]{12}$/

/** The environment variable that names a tool's state root, such as `MY_TOOL_STATE_DIR`. */
export const stateRootVariable = (tool: { readonly prefix: string }): string => `${tool.prefix}STATE_DIR`

/**
 * Where a tool's records lie: `<P>STATE_DIR`, else `$XDG_STATE_HOME/<tool>`, else `~/.local/state/<tool>`.
 * An XDG path that is not absolute is ignored (XDG Base Directory Specification); ours is refused when it is opened.
 */
export function stateRootPath(
  tool: { readonly name: string; readonly prefix: string },
  env: Environment,
): string {
  const own = env[stateRootVariable(tool)]
  if (own) return own
  const xdg = env['XDG_STATE_HOME']
  if (xdg && isAbsolute(xdg)) return join(xdg, tool.name)
  return join(env['HOME'] || homedir(), '.local', 'state', tool.name)
}

/**
 * Opens a state root for writing; makes what is missing of it, mode 0700.
 * @param variable what to set where the path cannot be used; see `stateRootVariable`
 * @throws StateDirUnavailable
 */
export function openStateRoot(path: string, variable: string): StateRoot {
  const root = stateRootAt(absolute(path, variable))
  ensurePrivateDirectory(root.path, variable)
  for (const name of DIRECTORIES) ensurePrivateDirectory(join(root.path, name), variable)
  return root
}

/**
 * Opens a state root for reading. Writes nothing.
 * @returns null where nothing was ever recorded
 * @throws StateDirUnavailable
 */
export function peekStateRoot(path: string, variable: string): StateRoot | null {
  const root = stateRootAt(absolute(path, variable))
  if (!verifyPrivateDirectory(root.path, variable)) return null
  for (const name of [...DIRECTORIES, ...LATER_DIRECTORIES])
    verifyPrivateDirectory(join(root.path, name), variable)
  return root
}

/** The paths below a root that somebody opened already; nothing is verified. */
export function stateRootAt(path: string): StateRoot {
  return {
    path,
    // No `join`: owners ask for these all the time, and the path of the root is in its shortest form already.
    run: run_id => `${path}/runs/${checked(run_id, RUN_ID.test(run_id))}`,
    live: run_id => `${path}/live/${checked(run_id, RUN_ID.test(run_id))}`,
    session: session_id => join(path, 'sessions', checked(session_id, isSessionId(session_id))),
    name: (session_id, name) =>
      join(path, 'names', checked(session_id, isSessionId(session_id)), checked(name, isSessionId(name))),
  }
}

/** Also takes a trailing slash away: with it lstat(2) would look through a symlink. */
function absolute(path: string, variable: string): string {
  if (!isAbsolute(path)) throw new StateDirUnavailable('not_absolute', path, variable)
  return resolve(path)
}

/** @throws RangeError for an id that could lead out of the root */
function checked(id: string, valid: boolean): string {
  if (!valid) throw new RangeError(`not an id: ${JSON.stringify(id)}`)
  return id
}

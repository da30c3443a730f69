/** What is fixed about a call once its input was accepted. */
import type { ToolIdentity } from '../contract/registry.js'
import { assertPlatform } from '../process/platform.js'
import { openStateRoot, type StateRoot, stateRootPath, stateRootVariable } from '../store/state-root.js'
import type { Io } from './io.js'

export interface CallFacts {
  readonly tool: ToolIdentity
  /** The command's path, its words separated by spaces. */
  readonly command: string
  readonly request_id: string
  /** `TOOL_TRACE_ID` of the caller (REQ-F-024). */
  readonly trace_id: string | null
  readonly session_id: string
  /** False where the session was made up for this call alone. */
  readonly session_given: boolean
  /** What is recorded of runs that this call stops: a cleanup runs the stop commands of others within it. */
  readonly stop_cause: 'user' | 'cleanup'
  /** Absolute; `--cwd` applied. */
  readonly cwd: string
  readonly io: Io
  /**
   * The state root, made and verified when first asked for.
   * @throws StateDirUnavailable
   */
  state(): StateRoot
}

/** Opens the state root at the first use; a call that records nothing leaves the disk alone. */
export function stateOnDemand(tool: ToolIdentity, env: Io['env']): () => StateRoot {
  let state: StateRoot | null = null
  return () => {
    if (state) return state
    assertPlatform()
    state = openStateRoot(stateRootPath(tool, env), stateRootVariable(tool))
    return state
  }
}

/** How a runtime says that nothing was started: apart from all else, for each part of the build must know the same classes. */
import type { StartFailure } from '../runs/start-failed.js'

/** The run was not started; its records say so too, and nothing of it is alive. */
export class RunStartFailed extends Error {
  readonly code: StartFailure
  readonly errno: string | null

  constructor(code: StartFailure, message: string, errno: string | null) {
    super(message)
    this.name = 'RunStartFailed'
    this.code = code
    this.errno = errno
  }
}

/** This machine lacks what the runtime needs; nothing was recorded or started. */
export class RuntimeUnavailable extends Error {
  /** A stable code, such as `TMUX_MISSING`. */
  readonly code: string
  readonly fix: string

  constructor(code: string, message: string, fix: string) {
    super(message)
    this.name = 'RuntimeUnavailable'
    this.code = code
    this.fix = fix
  }
}

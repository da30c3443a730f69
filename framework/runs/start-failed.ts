/** The ways in which a run does not come to be, as one error that says which. */
import { accessSync, constants, statSync } from 'node:fs'
import { errnoOf } from '../process/errno.js'
import type { Member } from '../process/tracking.js'
import type { RunIntent, StopCause } from './records.js'

/**
 * `START_FAILED`: the program cannot be executed. `STOPPED_BEFORE_START`: somebody asked for the end of the run first.
 * `RECORDS_UNAVAILABLE`: the disk took a record no more, and what is not recorded may not run.
 */
export type StartFailure = 'START_FAILED' | 'STOPPED_BEFORE_START' | 'RECORDS_UNAVAILABLE'

/** The run was not started: but for its survivors nothing of it is alive; its end is recorded where the disk takes it. */
export class StartFailed extends Error {
  readonly code: StartFailure
  readonly errno: string | null
  readonly stop_cause: StopCause | null
  /** The working directory was at fault, not the program. */
  readonly is_directory: boolean
  /** What was started, could not be recorded, and could not be ended either: another user's by then. */
  readonly survivors: readonly Member[]

  constructor(
    code: StartFailure,
    message: string,
    errno: string | null = null,
    stop_cause: StopCause | null = null,
    is_directory = false,
    survivors: readonly Member[] = [],
  ) {
    super(message)
    this.name = 'StartFailed'
    this.code = code
    this.errno = errno
    this.stop_cause = stop_cause
    this.is_directory = is_directory
    this.survivors = survivors
  }
}

/** The disk took a record no more; @param survivors of what had been started by then */
export function recordsUnavailable(error: unknown, survivors: readonly Member[] = []): StartFailed {
  const reason = error instanceof Error ? error.message : String(error)
  const alive = survivors.map(({ identity }) => identity.pid).join(', ')
  const message = `the run cannot be recorded: ${reason}`
  return new StartFailed(
    'RECORDS_UNAVAILABLE',
    alive ? `${message}; what could not be ended: ${alive}` : message,
    errnoOf(error),
    null,
    false,
    survivors,
  )
}

/** The program or its working directory cannot be used; @param error what Node or the system said. */
export function cannotStart({ argv, cwd }: RunIntent, error: unknown): StartFailed {
  const errno = errnoOf(error)
  const [program] = argv
  // execve(2) and chdir(2) fail with the same errors; say which of the two it was.
  const place = faultOfDirectory(cwd)
  const message = (): string => {
    if (place) return `the working directory ${cwd} ${place}`
    switch (errno) {
      case 'ENOENT':
        return `${program} was not found`
      case 'EACCES':
        return `${program} is not executable`
      case 'E2BIG':
        return `the arguments and the environment of ${program} are longer than the system takes`
      default:
        return `${program} could not be started: ${error instanceof Error ? error.message : String(error)}`
    }
  }
  return new StartFailed('START_FAILED', message(), errno, null, place !== null)
}

function faultOfDirectory(path: string): string | null {
  try {
    if (!statSync(path).isDirectory()) return 'is no directory'
    accessSync(path, constants.X_OK)
    return null
  } catch (error) {
    return errnoOf(error) === 'ENOENT' ? 'is not there' : `cannot be entered (${errnoOf(error)})`
  }
}

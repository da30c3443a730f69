/** Sessions as the records tell them: which there are, what lives in them, and whether one is being stopped. */
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { SessionStopping } from '../../schemas/generated/types.js'
import validateStopping from '../../schemas/generated/validate-session-stopping.js'
import { errnoOf } from '../process/errno.js'
import { sameProcess, self } from '../process/identity.js'
import { look } from '../process/liveness.js'
import { newRunId } from '../store/ids.js'
import { createPrivateDirectory, isSymlink } from '../store/private-directory.js'
import { publish, type ReadResult, readRecord, setAside } from '../store/record.js'
import { isSessionId } from '../store/session-id.js'
import type { StateRoot } from '../store/state-root.js'
import { RECORD_VERSION } from './records.js'

/** The disk is full or read-only, or what stands where the session's directory was is not that, or closed to us. */
const TAKES_NO_MARK = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'ELOOP', 'ENOTDIR', 'EACCES', 'EPERM'])
const DIRECTORY_TRIES = 20

const stoppingPath = (root: StateRoot, session_id: string): string =>
  join(root.session(session_id), 'stopping.json')

/** Whether somebody is stopping the session at this moment: new starts in it are refused. */
export function isStopping(root: StateRoot, session_id: string): boolean {
  const mark = readMark(root, session_id)
  return mark.state === 'ok' && mayBeAtWork(mark.record)
}

function readMark(root: StateRoot, session_id: string): ReadResult<SessionStopping> {
  const read = readRecord<SessionStopping>(stoppingPath(root, session_id), validateStopping)
  if (read.state !== 'ok' || read.record.session_id === session_id) return read
  return { state: 'corrupt', reason: `it is a record of session ${read.record.session_id}` }
}

/** Nothing is known of who stops it from another host or PID namespace: what is recorded stands. */
const mayBeAtWork = ({ asker }: SessionStopping): boolean => ['alive', 'foreign'].includes(look(asker))

/** The mark of a session that this process stops, or helps another to stop. */
export class StoppingMark {
  readonly #root: StateRoot
  readonly #path: string
  readonly #own: SessionStopping
  #stop_id: string
  #requested_at: string

  /**
   * Marks the session. A start links its intent before it looks for the mark, and the stop lists the runs after
   * setting it, so one of the two always sees the other.
   * A disk that takes no mark takes no intent either, so nothing new can start there. Where the session's directory
   * cannot be used, or somebody damages the mark, starts are not refused until it is renewed: a look later.
   * @param grace_ms of the stop
   */
  constructor(root: StateRoot, session_id: string, grace_ms: number) {
    this.#root = root
    this.#path = stoppingPath(root, session_id)
    this.#stop_id = newRunId()
    this.#requested_at = new Date().toISOString()
    this.#own = {
      schema_version: RECORD_VERSION,
      stop_id: this.#stop_id,
      session_id,
      asker: self(),
      grace_ms,
      requested_at: this.#requested_at,
    }
    this.renew()
  }

  /** Under which the end of this stop is recorded: the same for all who stop the session at once. */
  get stop_id(): string {
    return this.#stop_id
  }

  /** When the first who stop the session at once began, by the wall clock. */
  get requested_at(): string {
    return this.#requested_at
  }

  /** Sets the mark where none stands, or one that cannot be read or whose maker died. */
  renew(): void {
    const { session_id } = this.#own
    try {
      inSessionDirectory(this.#root, session_id, () => {
        this.#clear()
        publish(this.#path, this.#own, { sync: false })
      })
    } catch (error) {
      if (!TAKES_NO_MARK.has(errnoOf(error) ?? '')) throw error
    }
    const standing = this.#standing()
    if (!standing) return
    this.#stop_id = standing.stop_id
    this.#requested_at = standing.requested_at
  }

  /** Takes the mark away; of two that stop the session at once, each takes only its own. */
  remove(): void {
    const standing = this.#standing()
    if (standing && sameProcess(standing.asker, this.#own.asker)) rmSync(this.#path, { force: true })
  }

  #standing(): SessionStopping | null {
    const mark = readMark(this.#root, this.#own.session_id)
    return mark.state === 'ok' ? mark.record : null
  }

  /** Who is at work behind a mark that nobody here can read sets it again. It is kept where it holds no session. */
  #clear(): void {
    const { session_id } = this.#own
    const mark = readMark(this.#root, session_id)
    if (mark.state === 'ok') {
      if (!mayBeAtWork(mark.record)) rmSync(this.#path, { force: true })
    } else if (mark.state !== 'absent') {
      const stops = join(this.#root.path, 'stops')
      createPrivateDirectory(stops)
      setAside(this.#path, join(stops, `${session_id}.stopping.json`))
    }
  }
}

/**
 * Does something that needs the session's directory, which whoever ends the last run of the session may remove at any
 * moment.
 * @throws NodeJS.ErrnoException: ELOOP where a symlink stands there
 */
export function inSessionDirectory<T>(root: StateRoot, session_id: string, work: () => T): T {
  for (let tries = 1; ; tries += 1) {
    try {
      const path = root.session(session_id)
      if (createPrivateDirectory(path) === 'exists' && isSymlink(path))
        throw Object.assign(new Error(`${path} is a symlink`), { code: 'ELOOP' })
      return work()
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' || tries >= DIRECTORY_TRIES) throw error
      // Or somebody has removed the directory of all of them; without the state root there is no session either.
      createPrivateDirectory(join(root.path, 'sessions'))
    }
  }
}

/** Ids of the sessions that have a directory: those with live runs, or that are being stopped. */
export function sessionIds(root: StateRoot): string[] {
  try {
    return readdirSync(join(root.path, 'sessions')).filter(isSessionId).sort()
  } catch {
    return []
  }
}

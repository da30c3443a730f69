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
import { publish, readRecord } from '../store/record.js'
import { isSessionId } from '../store/session-id.js'
import type { StateRoot } from '../store/state-root.js'
import { RECORD_VERSION } from './records.js'

/** The disk is full or read-only, or a symlink stands where the session's directory was. */
const TAKES_NO_MARK = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'ELOOP'])
const DIRECTORY_TRIES = 20

const stoppingPath = (root: StateRoot, session_id: string): string =>
  join(root.session(session_id), 'stopping.json')

/** Whether somebody alive is stopping the session at this moment: new starts in it are refused. */
export function isStopping(root: StateRoot, session_id: string): boolean {
  const stopping = readRecord<SessionStopping>(stoppingPath(root, session_id), validateStopping)
  return stopping.state === 'ok' && look(stopping.record.asker) === 'alive'
}

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
   * Where the disk takes no mark it takes no intent either, so nothing new can start there.
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

  /** Sets the mark where none stands, or one whose maker died. */
  renew(): void {
    const { session_id } = this.#own
    try {
      inSessionDirectory(this.#root, session_id, () => {
        if (!isStopping(this.#root, session_id)) rmSync(this.#path, { force: true })
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
    const standing = readRecord<SessionStopping>(this.#path, validateStopping)
    return standing.state === 'ok' ? standing.record : null
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

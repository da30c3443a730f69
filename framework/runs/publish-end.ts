/** Writing a run's end into the space that was taken for it, as often as it takes. */
import { pause } from '../process/clock.js'
import { errnoOf } from '../process/errno.js'
import { isSymlink } from '../store/private-directory.js'
import { type Reservation, setAside } from '../store/record.js'
import type { StateRoot } from '../store/state-root.js'
import { recordable, shortened } from './end-record.js'
import { type RunEnd, readEnd, recordPath } from './records.js'

/** An end that the disk does not take is tried again so often, after so long. */
const END_TRIES = 5
const END_RETRY_MS = 200

/** What stands and cannot be read says nothing of how the run ended; it is kept beside, but not behind a symlink. */
export function makeRoomForEnd(root: StateRoot, run_id: string): void {
  if (isSymlink(root.run(run_id))) return
  if (readEnd(root, run_id).state === 'corrupt') setAside(recordPath(root, run_id, 'end'))
}

/** @returns false where there is nowhere to say it: the run's directory was removed, or the disk became read-only */
export async function publishReserved(
  root: StateRoot,
  reservation: Reservation,
  end: RunEnd,
): Promise<boolean> {
  for (let tries = 1; ; tries += 1) {
    try {
      makeRoomForEnd(root, end.run_id)
      reservation.publish(recordable(end), shortened)
      return true
    } catch (error) {
      const hopeless = ['ENOENT', 'EROFS'].includes(errnoOf(error) ?? '')
      if (hopeless || tries >= END_TRIES) {
        reservation.release()
        return false
      }
      await pause(END_RETRY_MS)
    }
  }
}

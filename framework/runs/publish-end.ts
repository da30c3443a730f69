/** Writing a run's end into the space that was taken for it, as often as it takes. */
import { pause } from '../process/clock.js'
import { errnoOf } from '../process/errno.js'
import type { Reservation } from '../store/record.js'
import { shortened } from './end-record.js'
import type { RunEnd } from './records.js'

/** An end that the disk does not take is tried again so often, after so long. */
const END_TRIES = 5
const END_RETRY_MS = 200

/** @returns false where there is nowhere to say it: the run's directory was removed, or the disk became read-only */
export async function publishReserved(reservation: Reservation, end: RunEnd): Promise<boolean> {
  for (let tries = 1; ; tries += 1) {
    try {
      reservation.publish(end, shortened)
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

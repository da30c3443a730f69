/** Why `ctx.run` did not start a child, as the exits that an answer carries. */
import { errnoOf } from '../process/errno.js'
import { StartFailed } from '../runs/owner.js'
import type { RunIntent } from '../runs/records.js'
import { FrameworkExit } from './framework-exit.js'
import { withoutTrace } from './thrown.js'

export const sessionStopping = (session_id: string): FrameworkExit =>
  new FrameworkExit(
    'CONFLICT',
    'SESSION_STOPPING',
    `session ${session_id} is being stopped; nothing new starts in it`,
    {
      context: { session_id },
      fix_required: 'start in another session, or again when the stop has ended',
    },
  )

/** What whoever named the program can do about it. */
export const programFix = (errno: string | null): string =>
  errno === 'E2BIG'
    ? 'give fewer or shorter arguments and variables, and put what is long into a file'
    : 'name a program and a working directory that exist and may be used'

/** @param error a StartFailed, or whatever the disk or the host refused before the run could be claimed */
export function startFailed({ run_id, argv }: RunIntent, error: unknown): FrameworkExit {
  const is_failed = error instanceof StartFailed
  const context = { errno: is_failed ? error.errno : errnoOf(error), run_id, argv: [...argv] }
  const message = is_failed ? error.message : `${argv[0]} was not started: ${withoutTrace(error)}`
  if (is_failed && error.code === 'STOPPED_BEFORE_START')
    return new FrameworkExit('CONFLICT', error.code, message, {
      context,
      fix_required: 'start it again, once nobody stops the session or the run',
    })
  const is_program = is_failed && error.code === 'START_FAILED'
  return new FrameworkExit('GENERAL_ERROR', 'START_FAILED', message, {
    context,
    fix_required: is_program
      ? programFix(error.errno)
      : 'see errno: the disk takes no record, or the host starts no further process',
  })
}

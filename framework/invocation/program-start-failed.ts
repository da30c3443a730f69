/** Why a program in the foreground did not start, by the exit codes that env(1) and every shell have for it. */
import type { RunReport } from '../../schemas/generated/types.js'
import { errnoOf } from '../process/errno.js'
import { StartFailed } from '../runs/owner.js'
import type { RunIntent } from '../runs/records.js'
import { asStateDirUnavailable, stateRootVariable } from '../store/state-root.js'
import type { CallFacts } from './call-facts.js'
import { FrameworkExit, ProgramExit } from './framework-exit.js'
import { programFix, startFailed } from './start-failures.js'

const NOT_FOUND = 127
const NOT_EXECUTABLE = 126
/** The caller's directory or arguments are at fault, or the host: not the program. */
const ELSEWHERE = new Set<string | null>(['E2BIG', 'EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE'])

/**
 * @param error whatever was thrown instead of a start
 * @param report null where the disk took no record
 */
export function programStartFailed(
  facts: CallFacts,
  intent: RunIntent,
  error: unknown,
  report: RunReport | null,
): Error {
  if (error instanceof FrameworkExit) return error
  const is_failed = error instanceof StartFailed
  if (!is_failed || error.code === 'RECORDS_UNAVAILABLE') {
    const { path } = facts.state()
    const cause = is_failed ? Object.assign(new Error(error.message), { code: error.errno }) : error
    return asStateDirUnavailable(cause, path, stateRootVariable(facts.tool)) ?? startFailed(intent, error)
  }
  if (error.code !== 'START_FAILED') return startFailed(intent, error)
  const { message, errno } = error
  const details = {
    context: { errno: errno ?? errnoOf(error), run_id: intent.run_id, argv: [...intent.argv] },
    fix_required: programFix(errno),
    ...(report ? { data: report } : {}),
  }
  if (error.is_directory || ELSEWHERE.has(errno))
    return new FrameworkExit('PRECONDITION', 'START_FAILED', message, details)
  return new ProgramExit(errno === 'ENOENT' ? NOT_FOUND : NOT_EXECUTABLE, 'START_FAILED', message, details)
}

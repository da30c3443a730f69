/** Stdout of a command that answers with a stream. */
import type { BaseContext } from '../../framework/invocation/context.js'
import { FrameworkExit } from '../../framework/invocation/framework-exit.js'
import { type OwnedStdout, stdoutOf } from '../../framework/invocation/owned-stdout.js'

/**
 * @param what the call cannot do without one, such as `follow a log`
 * @throws FrameworkExit `STREAM_UNAVAILABLE` (exit 4) where the call is part of another one, which answers for it
 */
export function streamOf(ctx: BaseContext, command: string, what: string): OwnedStdout {
  const stdout = stdoutOf(ctx)
  if (stdout) return stdout
  throw new FrameworkExit('PRECONDITION', 'STREAM_UNAVAILABLE', `a call inside another one cannot ${what}`, {
    fix_required: `leave --follow out, or call \`${command}\` by itself`,
  })
}

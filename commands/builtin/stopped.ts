/** The answer of everything that stops runs: `stopped[]`, and the exit that follows from the worst of it. */
import type { BaseContext } from '../../framework/invocation/context.js'
import { FrameworkExit } from '../../framework/invocation/framework-exit.js'
import { internalsOf } from '../../framework/invocation/internals.js'
import type { StopResult } from '../../framework/runs/stop-result.js'
import { NULLABLE_STRING } from './run-fields.js'

/** The schema of one entry. */
export const STOPPED_SCHEMA = {
  type: 'object',
  properties: {
    run_id: { type: 'string' },
    outcome: { enum: ['stopped', 'already_ended', 'survivors', 'owner_hung', 'foreign', 'unknown'] },
    exit_reason: NULLABLE_STRING,
    stop_cause: NULLABLE_STRING,
    waited_ms: { type: 'integer' },
    survivors: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          pid: { type: 'integer' },
          cmd: { type: 'string' },
          tried: {
            type: 'boolean',
            description: 'False where it was left alone: only its environment ties it to the run',
          },
        },
        required: ['pid', 'cmd', 'tried'],
      },
    },
  },
  required: ['run_id', 'outcome', 'exit_reason', 'stop_cause', 'waited_ms', 'survivors'],
} as const

/**
 * Fails where something is still alive, or may be: exit 3 with survivors, 10 with an owner that does not answer, 4 for
 * runs of another host and those whose records cannot be used. The whole answer goes along as data.
 * @throws FrameworkExit
 */
export function failUnlessStopped(
  ctx: BaseContext,
  stopped: readonly StopResult[],
  data: Readonly<Record<string, unknown>>,
): void {
  const with_outcome = (outcome: StopResult['outcome']) =>
    stopped.filter(result => result.outcome === outcome)
  const name = (results: readonly StopResult[]) => results.map(({ run_id }) => run_id).join(', ')
  const { tool } = internalsOf(ctx).facts
  const command = (results: readonly StopResult[], ...options: readonly string[]) =>
    [tool.name, 'stop', ...options, ...results.map(({ run_id }) => run_id)].join(' ')
  const alive = with_outcome('survivors')
  if (alive.length > 0) {
    const withstood = alive.filter(({ survivors }) => survivors.some(({ tried }) => tried))
    const left_alone = alive.filter(({ survivors }) => survivors.some(({ tried }) => !tried))
    const messages = [
      ...(withstood.length > 0 ? [`processes of ${name(withstood)} could not be ended`] : []),
      ...(left_alone.length > 0
        ? [`processes of ${name(left_alone)} were left alone: only their environment ties them to it`]
        : []),
    ]
    const fixes = [
      ...(withstood.length > 0 ? ['end the processes in survivors with the rights that they need'] : []),
      ...(left_alone.length > 0 ? ['stop again to end those left alone, by their recorded identities'] : []),
    ]
    throw new FrameworkExit('PARTIAL_FAILURE', 'SURVIVORS', messages.join('; '), {
      data,
      fix_required: fixes.join('; '),
      ...(left_alone.length > 0 ? { fix_command: command(left_alone) } : {}),
    })
  }
  const hung = with_outcome('owner_hung')
  if (hung.length > 0) {
    throw new FrameworkExit('TIMEOUT', 'OWNER_HUNG', `the owner of ${name(hung)} does not answer`, {
      data,
      fix_required: 'stop it with --force, which goes past the owner',
      fix_command: command(hung, '--force'),
    })
  }
  const unknown = with_outcome('unknown')
  if (unknown.length > 0) {
    throw new FrameworkExit(
      'PRECONDITION',
      'RECORDS_UNUSABLE',
      `the records of ${name(unknown)} cannot be used: whether it has ended, and what to end, is not known`,
      {
        data,
        context: { run_ids: unknown.map(({ run_id }) => run_id) },
        fix_required: 'see in `damaged` of `show` what is wrong, put it right, and stop it again',
        fix_command: `${tool.name} show ${unknown[0]?.run_id}`,
      },
    )
  }
  const foreign = with_outcome('foreign')
  if (foreign.length > 0) {
    throw new FrameworkExit(
      'PRECONDITION',
      'FOREIGN_RUN',
      `${name(foreign)} belongs to another host or PID namespace`,
      {
        data,
        fix_required: 'stop it where it runs',
      },
    )
  }
}

export const effectOf = (stopped: readonly StopResult[]): 'updated' | 'noop' =>
  stopped.some(({ outcome }) => outcome === 'stopped' || outcome === 'survivors') ? 'updated' : 'noop'

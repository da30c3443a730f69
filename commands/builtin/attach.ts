/** `attach`: opens the terminal of a run. Off a terminal it answers with the command line that does. */
import { spawn } from 'node:child_process'
import { defineCommand } from '../../framework/author.js'
import type { BaseContext } from '../../framework/invocation/context.js'
import { FrameworkExit } from '../../framework/invocation/framework-exit.js'
import { internalsOf } from '../../framework/invocation/internals.js'
import { stdoutOf } from '../../framework/invocation/owned-stdout.js'
import { faultyRunNames } from '../../framework/invocation/run-names.js'
import { shellWord } from '../../framework/invocation/spelled-command.js'
import { ownChild } from '../../framework/process/own-children.js'
import { type RunView, viewRun } from '../../framework/runs/status.js'
import { findTmux, TMUX_MISSING } from '../../framework/runs/terminal-server.js'
import { adapterOf } from '../../framework/runtimes/adapters.js'
import { RUN_NOT_FOUND } from './exits.js'
import { namedRun } from './named-run.js'

export default defineCommand({
  name: 'attach',
  description: 'Open the terminal of a run; off a terminal, answer with the command that does.',
  danger_level: 'safe',
  required_scopes: [],
  flags: {},
  positionals: [
    { name: 'run', type: 'string', required: true, description: 'The run, by id or unique prefix' },
  ],
  exit_codes: {
    SUCCESS: {
      description: 'The terminal was opened and left, or can be',
      retryable: false,
      side_effects: 'none',
    },
    GENERAL_ERROR: {
      description: 'The terminal could not be opened here',
      retryable: false,
      side_effects: 'none',
      error_codes: ['ATTACH_FAILED'],
    },
    PRECONDITION: {
      description: 'The run has no terminal, or it cannot be reached from here',
      retryable: false,
      side_effects: 'none',
      error_codes: ['NO_TERMINAL', 'TMUX_MISSING', 'FOREIGN_RUN', 'STATE_DIR_UNAVAILABLE'],
    },
    NOT_FOUND: {
      ...RUN_NOT_FOUND,
      description: 'No run has this id, or it has ended',
      error_codes: ['RUN_NOT_FOUND', 'RUN_NOT_RUNNING'],
    },
  },
  output_schema: {
    type: 'object',
    properties: {
      run_id: { type: 'string' },
      handle: {
        type: 'object',
        properties: { socket: { type: 'string' }, window: { type: 'string' } },
        required: ['socket', 'window'],
      },
      attach_command: { type: 'string', description: 'Opens the terminal, in any shell of this user' },
      attached: { type: 'boolean', description: 'Whether this call opened it' },
    },
    required: ['run_id', 'handle', 'attach_command', 'attached'],
  },
  timeout_seconds: 0,
  examples: [{ description: 'Open the terminal of a run', command: '{tool} attach 3f2a' }],
  validate: ({ run }, ctx) => faultyRunNames([run], 'run', ctx),
  async execute(args, ctx) {
    const { root, run_id } = namedRun(ctx, args.run)
    const view = viewRun(root, run_id)
    const handle = terminalOf(view)
    const command = (await adapterOf('tmux')).attach(handle)
    if (!command) throw new Error(`run ${run_id} has a window that no runtime opens`)
    if (!findTmux())
      throw new FrameworkExit('PRECONDITION', TMUX_MISSING.code, TMUX_MISSING.message, {
        fix_required: TMUX_MISSING.fix,
      })
    const attached = isOnTerminal(ctx)
    if (attached) await open(command, ctx)
    return { run_id, handle, attach_command: command.map(shellWord).join(' '), attached }
  },
})

/** @throws FrameworkExit */
function terminalOf({ run_id, intent, status, owner_state }: RunView): { socket: string; window: string } {
  const context = { run_id, runtime: intent?.runtime ?? null, status }
  if (!intent?.terminal)
    throw new FrameworkExit('PRECONDITION', 'NO_TERMINAL', `run ${run_id} has no terminal`, {
      context,
      fix_required: 'see what it writes with `logs`; only runs of the runtime tmux have a terminal',
    })
  if (owner_state === 'foreign')
    throw new FrameworkExit('PRECONDITION', 'FOREIGN_RUN', `run ${run_id} is on another host`, {
      context,
      fix_required: 'call on the host, and in the PID namespace, where it runs',
    })
  if (status !== 'running' && status !== 'pending')
    throw new FrameworkExit(
      'NOT_FOUND',
      'RUN_NOT_RUNNING',
      `run ${run_id} has ended, and its terminal with it`,
      {
        context,
        fix_required: 'see what it wrote with `logs`, or name a run that `ps` shows as running',
      },
    )
  return intent.terminal
}

/** Both ends are needed: keys come in, the screen goes out. */
function isOnTerminal(ctx: BaseContext): boolean {
  const { io } = internalsOf(ctx).facts
  return io.stdin_is_tty && io.stdout_is_tty && stdoutOf(ctx)?.format === 'human'
}

/** Hands the terminal over until somebody leaves it or the run ends. What there is to say meanwhile tmux says. */
async function open([program, ...rest]: readonly [string, ...string[]], ctx: BaseContext): Promise<void> {
  stdoutOf(ctx)?.take()
  const child = ownChild(spawn(program, rest, { stdio: 'inherit' }))
  // The client leaves the terminal as it found it.
  const leave = (): void => void child.kill('SIGTERM')
  ctx.signal.addEventListener('abort', leave)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', resolve)
  })
  ctx.signal.removeEventListener('abort', leave)
  ctx.signal.throwIfAborted()
  if (code !== 0)
    throw new FrameworkExit('GENERAL_ERROR', 'ATTACH_FAILED', `tmux left the terminal with code ${code}`, {
      context: { code },
      fix_required: 'see what tmux said; TERM has to name a terminal that it knows',
    })
}

/** `show`: one run, everything on record and what is alive of it. Reads only. */
import { type Stats, statSync } from 'node:fs'
import { defineCommand } from '../../framework/author.js'
import { internalsOf } from '../../framework/invocation/internals.js'
import { faultyRunNames } from '../../framework/invocation/run-names.js'
import { spelled } from '../../framework/invocation/spelled-command.js'
import { externalText } from '../../framework/output/sanitize.js'
import { look } from '../../framework/process/liveness.js'
import { runProcesses } from '../../framework/runs/processes.js'
import { logPath, readReady } from '../../framework/runs/records.js'
import { stopCauseOf, unusable, viewRun } from '../../framework/runs/status.js'
import { handleOf } from '../../framework/runtimes/handle.js'
import { isSymlink } from '../../framework/store/private-directory.js'
import { RUN_NOT_FOUND, STATE_UNAVAILABLE } from './exits.js'
import { namedRun } from './named-run.js'
import { NULLABLE_INTEGER, NULLABLE_STRING, OWNER_STATE, STATUS } from './run-fields.js'
import { HANDLE_SCHEMA } from './run-row.js'

const COMMAND_LENGTH = 4_096

export default defineCommand({
  name: 'show',
  description: 'Show one run: its records, its status, and what is alive of it.',
  danger_level: 'safe',
  required_scopes: [],
  flags: {},
  positionals: [
    { name: 'run', type: 'string', required: true, description: 'The run, by id or unique prefix' },
  ],
  exit_codes: {
    SUCCESS: { description: 'The run is shown', retryable: false, side_effects: 'none' },
    PRECONDITION: STATE_UNAVAILABLE,
    NOT_FOUND: RUN_NOT_FOUND,
  },
  output_schema: {
    type: 'object',
    properties: {
      run_id: { type: 'string' },
      short_id: { type: 'string' },
      session_id: NULLABLE_STRING,
      parent_run_id: NULLABLE_STRING,
      name: NULLABLE_STRING,
      status: STATUS,
      kind: NULLABLE_STRING,
      runtime: NULLABLE_STRING,
      command: { type: 'array', items: { type: 'string' } },
      cwd: NULLABLE_STRING,
      handle: HANDLE_SCHEMA,
      alive: { type: 'boolean' },
      owner: OWNER_STATE,
      owner_pid: NULLABLE_INTEGER,
      tracking: { type: ['object', 'null'] },
      exit_code: NULLABLE_INTEGER,
      signal: NULLABLE_STRING,
      exit_reason: NULLABLE_STRING,
      stop_cause: NULLABLE_STRING,
      reconcile_reason: NULLABLE_STRING,
      error: { type: ['object', 'null'] },
      max_lifetime_seconds: { type: ['number', 'null'] },
      timeline: {
        type: 'object',
        properties: {
          created_at: NULLABLE_STRING,
          started_at: NULLABLE_STRING,
          ready_at: NULLABLE_STRING,
          main_exited_at: NULLABLE_STRING,
          ended_at: NULLABLE_STRING,
        },
        required: ['created_at', 'started_at', 'ready_at', 'main_exited_at', 'ended_at'],
      },
      log_ref: {
        type: ['object', 'null'],
        properties: { path: { type: 'string' }, bytes: { type: 'integer' }, truncated: { type: 'boolean' } },
        required: ['path', 'bytes', 'truncated'],
      },
      processes: {
        type: 'array',
        description: 'What lives of a run that has not ended, the main process first',
        items: {
          type: 'object',
          properties: {
            pid: { type: 'integer' },
            ppid: { type: 'integer' },
            state: { type: 'string' },
            cmd: { type: 'string' },
            cpu_seconds: { type: 'number' },
            cpu_percent: { type: 'number', description: 'Of one core, since the process began' },
            memory_bytes: { type: ['integer', 'null'], description: 'Resident' },
          },
          required: ['pid', 'ppid', 'state', 'cmd', 'cpu_seconds', 'cpu_percent', 'memory_bytes'],
        },
      },
      leftovers: { type: 'array', items: { type: 'object' } },
      cleanup_command: NULLABLE_STRING,
      damaged: { type: 'array', items: { type: 'object' } },
    },
    required: [
      'run_id',
      'short_id',
      'status',
      'command',
      'handle',
      'alive',
      'owner',
      'timeline',
      'log_ref',
      'processes',
      'leftovers',
      'damaged',
    ],
  },
  examples: [{ description: 'Everything about one run', command: '{tool} show 3f2a' }],
  validate: ({ run }, ctx) => faultyRunNames([run], 'run', ctx),
  async execute(args, ctx) {
    const { root, run_id, short_id } = namedRun(ctx, args.run)
    const view = viewRun(root, run_id)
    const { intent, main, end, owner } = view
    const ready = readReady(root, run_id)
    const path = logPath(root, run_id)
    const log = isSymlink(root.run(run_id)) ? null : statOf(path)
    const lifetime = intent?.limits.max_lifetime_ms ?? null
    return {
      run_id,
      short_id: short_id(),
      session_id: intent?.session_id ?? null,
      parent_run_id: intent?.parent_run_id ?? null,
      name: intent?.name ?? null,
      status: view.status,
      kind: intent?.kind ?? null,
      runtime: intent?.runtime ?? null,
      command: (intent?.argv ?? []).map(word => externalText(word, COMMAND_LENGTH)),
      cwd: intent ? externalText(intent.cwd, COMMAND_LENGTH) : null,
      handle: handleOf(view),
      alive: main !== null && look(main.main) === 'alive',
      owner: view.owner_state,
      owner_pid: owner?.owner?.pid ?? null,
      tracking: owner?.tracking ?? null,
      exit_code: end?.exit_code ?? null,
      signal: end?.signal ?? null,
      exit_reason: end?.exit_reason ?? null,
      stop_cause: stopCauseOf(view),
      reconcile_reason: view.reconcile_reason,
      error: end?.error ?? null,
      max_lifetime_seconds: lifetime === null ? null : lifetime / 1_000,
      timeline: {
        created_at: intent?.created_at ?? null,
        started_at: main?.started_at ?? null,
        ready_at: ready.state === 'ok' ? ready.record.ready_at : null,
        main_exited_at: end?.main_exited_at ?? null,
        ended_at: end?.ended_at ?? null,
      },
      // A hole in the middle means that the log reached its cap: fewer blocks on disk than bytes in the file.
      log_ref: log ? { path, bytes: log.size, truncated: log.blocks * 512 + 4096 < log.size } : null,
      processes: runProcesses(root, view).map(process => ({
        ...process,
        cmd: externalText(process.cmd, 256),
      })),
      leftovers: view.leftovers.map(({ identity, cmd }) => ({
        pid: identity.pid,
        cmd: externalText(cmd, 256),
      })),
      cleanup_command: intent?.cleanup_command
        ? spelled(internalsOf(ctx).facts, intent.cleanup_command)
        : null,
      damaged: [...view.damaged, ...unusable('ready', ready)].map(({ record, state, reason }) => ({
        record,
        state,
        reason,
      })),
    }
  },
})

/** Null also where the run's directory may not be entered: its records are named as damaged then. */
function statOf(path: string): Stats | null {
  try {
    return statSync(path)
  } catch {
    return null
  }
}

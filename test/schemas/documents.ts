/** A document as it is really written, of each schema of a record. */
import type {
  NameClaim,
  ProcessIdentity,
  RunAnswered,
  RunEnd,
  RunIntent,
  RunMain,
  RunOwner,
  RunReady,
  RunStop,
  SessionStopped,
  SessionStopping,
} from '../../schemas/generated/types.js'

export const identity = (pid: number): ProcessIdentity => ({
  host_id: 'b08dfa6083e7567a1921a715000001fb',
  boot_id: '1f9a4a2e-6c0a-4b53-9d0c-5a6f3f1a7c11',
  pid_namespace: '4026531836',
  pid,
  start_time: 8_123_456,
})

export const intent: RunIntent = {
  schema_version: '1.0',
  run_id: '0a1b2c3d4e5f',
  kind: 'background',
  tool: 'my-tool',
  tool_version: '2.3.1',
  command: 'start-watcher',
  argv: ['/usr/bin/node', '-e', ''],
  cwd: '/home/user/project',
  session_id: 'agent-7.conversation_2',
  request_id: '5c2b9d5e-9a0e-4c3e-8d34-0f6f2f0f8f10',
  trace_id: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  name: 'watcher',
  runtime: 'background',
  mode: 'follow-descendants',
  created_at: '2026-02-28T23:59:59.123Z',
  limits: { max_lifetime_ms: 86_400_000, grace_ms: 5_000, log_max_bytes: 67_108_864 },
  cleanup_command: 'my-tool stop --session agent-7.conversation_2 --run 0a1b2c3d4e5f',
  parent_run_id: 'ffffffffffff',
  marker: { name: 'MY_TOOL_RUN_ID', value: '0a1b2c3d4e5f' },
  starter: identity(1),
}

export const owner: RunOwner = {
  schema_version: '1.0',
  run_id: '0a1b2c3d4e5f',
  abandoned: false,
  owner: identity(1),
  guard: identity(4_243),
  tracking: { method: 'snapshot', complete: false },
  claimed_at: '2026-02-28T23:59:59.140Z',
}

export const main: RunMain = {
  schema_version: '1.0',
  run_id: '0a1b2c3d4e5f',
  main: identity(4_244),
  pgid: 4_244,
  sid: 4_244,
  started_at: '2026-02-28T23:59:59.150Z',
}

export const stop: RunStop = {
  schema_version: '1.0',
  run_id: '0a1b2c3d4e5f',
  cause: 'user',
  asker: identity(1),
  grace_ms: 5_000,
  requested_at: '2026-03-01T00:10:00Z',
}

export const end: RunEnd = {
  schema_version: '1.0',
  run_id: '0a1b2c3d4e5f',
  exit_code: null,
  signal: 'SIGTERM',
  exit_reason: 'signal',
  stop_cause: 'user',
  reconcile_reason: null,
  started_at: '2026-02-28T23:59:59.150Z',
  main_exited_at: '2026-03-01T00:10:00.020Z',
  ended_at: '2026-03-01T00:10:05.100+02:00',
  error: { code: 'KILL_NOT_PERMITTED', errno: 'EPERM', message: 'Process 4300 belongs to another user' },
  descendants_killed: 2,
  survivors: [{ identity: identity(4_300), ppid: 1, cmd: 'sudo sleep 1000' }],
  leftovers: [{ identity: identity(4_301), ppid: 0, cmd: '' }],
  recorder: identity(1),
}

export const stopping: SessionStopping = {
  schema_version: '1.0',
  stop_id: '5f4e3d2c1b0a',
  session_id: 'agent-7.conversation_2',
  asker: identity(1),
  grace_ms: 0,
  requested_at: '2026-03-01T00:10:00Z',
}

export const ready: RunReady = {
  schema_version: '1.0',
  run_id: '0a1b2c3d4e5f',
  by: 'log',
  ready_at: '2026-02-28T23:59:59.350Z',
}

export const stopped: SessionStopped = {
  schema_version: '1.0',
  stop_id: '5f4e3d2c1b0a',
  session_id: 'agent-7.conversation_2',
  stopped_at: '2026-03-01T00:10:05.200Z',
  stopped: [
    {
      run_id: '0a1b2c3d4e5f',
      outcome: 'stopped',
      exit_reason: 'signal',
      stop_cause: 'session_stop',
      waited_ms: 40,
    },
  ],
  recorder: identity(1),
}

export const answered: RunAnswered = {
  schema_version: '1.0',
  run_id: '0a1b2c3d4e5f',
  answered_at: '2026-02-28T23:59:59.200Z',
}

export const claim: NameClaim = {
  schema_version: '1.0',
  session_id: 'agent-7.conversation_2',
  name: 'web',
  run_id: '0a1b2c3d4e5f',
  claimed_at: '2026-02-28T23:59:59.130Z',
}

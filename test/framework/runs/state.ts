/** A state root for one test, and records in it as they are really written. */
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { identify, type ProcessIdentity, self } from '../../../framework/process/identity.js'
import { endRecord } from '../../../framework/runs/end-record.js'
import { recordIntent } from '../../../framework/runs/intent.js'
import {
  publishMain,
  publishOwner,
  RECORD_VERSION,
  type RunIntent,
  type RunOwner,
} from '../../../framework/runs/records.js'
import { newRunId } from '../../../framework/store/ids.js'
import { openStateRoot, type StateRoot } from '../../../framework/store/state-root.js'
import { until } from '../../e2e/harness/until.js'

export { endRecord }

export function temporaryRoot(): StateRoot {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'chaperone-runs-')))
  onTestFinished(() => {
    chmodSync(path, 0o700)
    rmSync(path, { recursive: true, force: true })
  })
  return openStateRoot(path, 'MY_TOOL_STATE_DIR')
}

export function newIntent(change: Partial<RunIntent> = {}): RunIntent {
  const run_id = newRunId()
  return {
    schema_version: RECORD_VERSION,
    run_id,
    kind: 'background',
    tool: 'my-tool',
    tool_version: '1.0.0',
    command: 'launch',
    argv: ['sleep', '3600'],
    cwd: '/',
    session_id: 's',
    request_id: 'r',
    trace_id: null,
    name: null,
    runtime: 'background',
    mode: null,
    created_at: new Date().toISOString(),
    limits: { max_lifetime_ms: 600_000, grace_ms: 500, log_max_bytes: 65_536 },
    cleanup_command: 'my-tool stop',
    parent_run_id: null,
    marker: { name: 'MY_TOOL_RUN_ID', value: run_id },
    starter: self(),
    ...change,
  }
}

/** A recorded run that nobody has claimed. */
export function recorded(root: StateRoot, change: Partial<RunIntent> = {}): RunIntent {
  const intent = newIntent(change)
  recordIntent(root, intent)
  return intent
}

export function claimed(root: StateRoot, run_id: string, owner: Partial<RunOwner>): void {
  publishOwner(root, {
    schema_version: RECORD_VERSION,
    run_id,
    abandoned: false,
    owner: self(),
    guard: null,
    tracking: { method: 'snapshot', complete: false },
    claimed_at: new Date().toISOString(),
    ...owner,
  })
}

export function started(root: StateRoot, run_id: string, main: ProcessIdentity): void {
  publishMain(root, {
    schema_version: RECORD_VERSION,
    run_id,
    main,
    pgid: main.pid,
    sid: main.pid,
    started_at: new Date().toISOString(),
  })
}

/** A process that lives until the test ends it, or is over. */
export async function living(
  program: readonly [string, ...string[]] = ['sleep', '3600'],
  env: Readonly<Record<string, string>> = {},
): Promise<{ child: ChildProcess; identity: ProcessIdentity }> {
  const [file, ...argv] = program
  const child = spawn(file, argv, {
    detached: true,
    env: { PATH: process.env['PATH'], ...env },
    stdio: 'ignore',
  })
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await new Promise(resolve => child.once('exit', resolve))
    }
  })
  const identity = child.pid === undefined ? null : identify(child.pid)
  if (!identity) throw new Error(`${file} did not start`)
  // Its environment is there when its arguments are (execve(2)).
  await until(`${file} to be there`, () =>
    readFileSync(`/proc/${identity.pid}/cmdline`, 'latin1').startsWith(file),
  )
  return { child, identity }
}

/** The identity of a process that was alive a moment ago. */
export async function dead(): Promise<ProcessIdentity> {
  const { child, identity } = await living()
  child.kill('SIGKILL')
  await new Promise(resolve => child.once('exit', resolve))
  return identity
}

export const isLive = (root: StateRoot, run_id: string): boolean => existsSync(root.live(run_id))

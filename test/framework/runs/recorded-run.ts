/** A run on record for the tests of this room: a state root of its own, real records, and real processes where one is named. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { identify, type ProcessIdentity, self } from '../../../framework/process/identity.js'
import { endRecord } from '../../../framework/runs/end-record.js'
import { recordIntent } from '../../../framework/runs/intent.js'
import { logPath, publishEnd, RECORD_VERSION, type RunIntent } from '../../../framework/runs/records.js'
import { newRunId } from '../../../framework/store/ids.js'
import { openStateRoot, type StateRoot } from '../../../framework/store/state-root.js'

/** A state root that is gone after the test. */
export function stateRoot(): StateRoot {
  const directory = mkdtempSync(join(tmpdir(), 'chaperone-runs-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return openStateRoot(join(directory, 'state'), 'TEST_STATE_DIR')
}

export interface RecordedRun {
  readonly root: StateRoot
  readonly run_id: string
  readonly log: string
  /** Publishes the end record. */
  end(): void
}

/** Records a background run that nobody has claimed yet; its starter is this process unless told otherwise. */
export function recordedRun(
  root: StateRoot,
  options: { log_max_bytes?: number; starter?: ProcessIdentity; session_id?: string } = {},
): RecordedRun {
  const run_id = newRunId()
  const intent: RunIntent = {
    schema_version: RECORD_VERSION,
    run_id,
    kind: 'background',
    tool: 'test',
    tool_version: '1.0.0',
    command: 'start',
    argv: ['true'],
    cwd: '/',
    session_id: options.session_id ?? 'test',
    request_id: 'test',
    trace_id: null,
    name: null,
    runtime: 'background',
    mode: null,
    created_at: new Date().toISOString(),
    limits: {
      max_lifetime_ms: null,
      grace_ms: 1_000,
      log_max_bytes: options.log_max_bytes ?? 64 * 1024 * 1024,
    },
    cleanup_command: null,
    parent_run_id: null,
    marker: { name: 'TEST_RUN_ID', value: run_id },
    starter: options.starter ?? self(),
  }
  recordIntent(root, intent)
  return {
    root,
    run_id,
    log: logPath(root, run_id),
    end: () => void publishEnd(root, endRecord(run_id, { exit_code: 0, exit_reason: 'natural' })),
  }
}

/** A process that lives until the test ends. */
export async function livingProcess(): Promise<{ child: ChildProcess; identity: ProcessIdentity }> {
  const child = spawn('sleep', ['3600'], { stdio: 'ignore' })
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  await once(child, 'spawn')
  return { child, identity: identified(child) }
}

/** A process that was, and is no more. */
export async function deadProcess(): Promise<ProcessIdentity> {
  const { child, identity } = await livingProcess()
  child.kill('SIGKILL')
  await once(child, 'exit')
  return identity
}

function identified({ pid = 0 }: ChildProcess): ProcessIdentity {
  const identity = identify(pid)
  if (!identity) throw new Error(`process ${pid} is not there`)
  return identity
}

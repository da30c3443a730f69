/** A process that leaves its parent, its group, its session and its environment at once: only a subreaper keeps it. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { gone } from '../background/holders.js'
import { pidIn, script } from '../background/programs.js'
import { Sandbox } from '../harness/sandbox.js'
import { IS_FORCED } from '../harness/tracking-method.js'
import { until } from '../harness/until.js'
import { isAlive } from '../harness/witness.js'

/** What the snapshot method cannot promise. */
const withSubreaper = test.skipIf(IS_FORCED)

/** Its command line alone tells the witness whose it is; `stray.pid` has its pid. */
function escaping(sandbox: Sandbox, then: string): string[] {
  sandbox.file('stray.sh', `echo $$ >"$1/stray.pid"; exec tail -f "$1/stray.sh"\n`)
  return script(
    sandbox,
    'escape',
    `setsid sh -c '(env -i /bin/sh "$1/stray.sh" "$1" &)' sh "$1" >/dev/null 2>&1; ${then}`,
  )
}

const endPath = (sandbox: Sandbox, run_id: string): string => join(sandbox.state, 'runs', run_id, 'end.json')

async function start(sandbox: Sandbox, program: readonly string[], ...options: string[]): Promise<string> {
  const started = await sandbox.call(['start', '--session', 's', ...options, '--', ...program])
  expect(started.code, started.stdout).toBe(0)
  return started.envelope.data.run_id
}

withSubreaper('a stop ends it before it answers', async () => {
  const sandbox = Sandbox.create()
  const run_id = await start(sandbox, escaping(sandbox, 'exec sleep 3600'))
  const stray = await pidIn(sandbox, 'stray')
  const shown = await sandbox.call(['show', run_id])
  expect(shown.envelope.data.tracking).toEqual({ method: 'subreaper', complete: true })
  const stopped = await sandbox.call(['stop', run_id])
  expect(isAlive(stray)).toBe(false)
  expect(stopped.envelope.data.stopped).toMatchObject([{ outcome: 'stopped', survivors: [] }])
  await sandbox.nothingLeft()
})

withSubreaper('the lifetime ends it with nobody calling', async () => {
  const sandbox = Sandbox.create()
  const run_id = await start(sandbox, escaping(sandbox, 'exec sleep 3600'), '--max-lifetime', '6s')
  const stray = await pidIn(sandbox, 'stray')
  await until('the end record', () => existsSync(endPath(sandbox, run_id)))
  expect(isAlive(stray)).toBe(false)
  expect(JSON.parse(readFileSync(endPath(sandbox, run_id), 'utf8'))).toMatchObject({
    stop_cause: 'max_lifetime',
    survivors: [],
    leftovers: [],
  })
  await sandbox.nothingLeft()
})

withSubreaper('a background run that ends by itself takes it along', async () => {
  const sandbox = Sandbox.create()
  const run_id = await start(
    sandbox,
    escaping(sandbox, 'until [ -s "$1/stray.pid" ]; do sleep 0.1; done; exit 5'),
  )
  await until('the end record', () => existsSync(endPath(sandbox, run_id)))
  expect(isAlive(await pidIn(sandbox, 'stray'))).toBe(false)
  expect(JSON.parse(readFileSync(endPath(sandbox, run_id), 'utf8'))).toMatchObject({
    exit_code: 5,
    stop_cause: null,
  })
  await sandbox.nothingLeft()
})

withSubreaper('a foreground run lists it, and ends it where it was asked to', async () => {
  const sandbox = Sandbox.create()
  const wait = 'until [ -s "$1/stray.pid" ]; do sleep 0.1; done; exit 5'
  const program = escaping(sandbox, wait)
  const reported = await sandbox.call(['run', '--grace', '100ms', '--', ...program])
  const stray = await pidIn(sandbox, 'stray')
  const report = JSON.parse(reported.stderr.trimEnd().split('\n').at(-1) ?? '')
  expect(reported.code).toBe(5)
  expect(report.data.tracking).toEqual({ method: 'subreaper', complete: true })
  expect(report.data.background_processes).toMatchObject([{ pid: stray, status: 'still-running' }])
  expect(isAlive(stray)).toBe(true)
  expect((await sandbox.sh(report.data.cleanup_command)).code).toBe(0)
  await gone(stray)

  sandbox.file('stray.pid', '')
  const ended = await sandbox.call([
    'run',
    '--grace',
    '100ms',
    '--on-leftover',
    'terminate',
    '--',
    ...program,
  ])
  expect(ended.code).toBe(5)
  expect(isAlive(await pidIn(sandbox, 'stray'))).toBe(false)
  await sandbox.nothingLeft()
})

test('what dies below a run is reaped, and its main process keeps its own exit code', async () => {
  const sandbox = Sandbox.create()
  const orphans =
    'for i in 1 2 3 4 5 6 7 8 9 10; do (for j in 1 2 3 4 5 6 7 8 9 10; do (exit $i) & done) & done; wait'
  const program = script(
    sandbox,
    'orphans',
    `${orphans}; echo $$ >"$1/done.pid"; until [ -e "$1/go" ]; do sleep 0.1; done; exit 7`,
  )
  const run_id = await start(sandbox, program)
  await pidIn(sandbox, 'done')
  const owner = JSON.parse(readFileSync(join(sandbox.state, 'runs', run_id, 'owner.json'), 'utf8')).owner.pid
  await until('the orphans to be reaped', () => childrenOf(owner).every(state => state !== 'Z'))
  sandbox.file('go', '')
  await until('the end record', () => existsSync(endPath(sandbox, run_id)))
  expect(JSON.parse(readFileSync(endPath(sandbox, run_id), 'utf8'))).toMatchObject({
    exit_code: 7,
    signal: null,
  })
})

/** The states of a process's children. */
function childrenOf(pid: number): (string | undefined)[] {
  const listed = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return listed.split(' ').map(child => {
    try {
      const stat = readFileSync(`/proc/${child}/stat`, 'latin1')
      return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[0]
    } catch {
      return undefined
    }
  })
}

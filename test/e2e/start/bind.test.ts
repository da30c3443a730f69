/** `start --bind-pid`: the run ends with the process that wanted it, and with no other that has its pid. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { canUnshare } from '../../framework/process/witness.js'
import { SLEEPER } from '../background/programs.js'
import { finished, Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'
import { isAlive } from '../harness/witness.js'

/** A process that a run can be bound to. */
function anchor(sandbox: Sandbox): ChildProcess & { readonly pid: number } {
  const child = spawn('sleep', ['3599'], { env: sandbox.env, stdio: 'ignore' })
  const { pid } = child
  if (pid === undefined) throw new Error('sleep was not started')
  return Object.assign(child, { pid })
}

async function endedBy(sandbox: Sandbox, run_id: string): Promise<string> {
  expect((await sandbox.call(['wait', run_id])).code).toBe(0)
  return (await sandbox.call(['show', run_id])).envelope.data.stop_cause
}

test('a run that is bound to a process ends with it, with nobody calling, and not before', async () => {
  const sandbox = Sandbox.create()
  const wanted = anchor(sandbox)
  const { code, envelope } = await sandbox.call(['start', '--bind-pid', String(wanted.pid), '--', ...SLEEPER])
  expect(code, JSON.stringify(envelope)).toBe(0)
  // Two looks of the owner.
  await new Promise(done => setTimeout(done, 2_200))
  expect(isAlive(envelope.data.background_pid)).toBe(true)
  wanted.kill('SIGKILL')
  await until('the run to end', () => !isAlive(envelope.data.background_pid))
  expect(await endedBy(sandbox, envelope.data.run_id)).toBe('bound_exit')
})

test('parent is the process that called', async () => {
  const sandbox = Sandbox.create()
  const shell = sandbox.file(
    'caller.sh',
    `chaperone start --bind-pid parent -- sleep 3600 >"$SANDBOX_OUT"; while :; do sleep 0.1; done\n`,
  )
  const out = join(sandbox.path, 'out.json')
  const caller = spawn('sh', [shell], { env: { ...sandbox.env, SANDBOX_OUT: out }, stdio: 'ignore' })
  const answer = await until('the answer', () => {
    const text = existsSync(out) ? readFileSync(out, 'utf8') : ''
    return text.endsWith('}\n') || text.trimEnd().endsWith('}') ? JSON.parse(text) : null
  })
  expect(isAlive(answer.data.background_pid)).toBe(true)
  caller.kill('SIGKILL')
  await until('the run to end', () => !isAlive(answer.data.background_pid))
  expect(await endedBy(sandbox, answer.data.run_id)).toBe('bound_exit')
})

test.runIf(canUnshare)('a process that got the pid afterwards does not keep the run alive', async () => {
  const sandbox = Sandbox.create()
  const body = sandbox.file(
    'reuse.sh',
    `sleep 3599 & wanted=$!
chaperone start --bind-pid $wanted --session s -- sleep 3600 >start.json || exit 90
kill -KILL $wanted; wait $wanted
echo $((wanted - 1)) >/proc/sys/kernel/ns_last_pid; sleep 3598 & again=$!
[ $again = $wanted ] || exit 91
chaperone wait --session s --timeout 20s >wait.json || exit 92
kill -0 $again || exit 93
chaperone ps --all >ps.json; chaperone show $(ls state/runs) >show.json
kill -KILL $again
`,
  )
  const space = ['--pid', '--fork', '--mount-proc', '--kill-child']
  const { code, stderr } = await finished(
    spawn('unshare', [...space, 'sh', body], { cwd: sandbox.path, env: sandbox.env }),
  )
  expect(code, stderr).toBe(0)
  const shown = JSON.parse(readFileSync(join(sandbox.path, 'show.json'), 'utf8'))
  expect(shown.data).toMatchObject({ status: 'killed', stop_cause: 'bound_exit' })
})

test('a process that does not live is refused, exit 4, and nothing is recorded', async () => {
  const sandbox = Sandbox.create()
  const dead = anchor(sandbox)
  dead.kill('SIGKILL')
  await until('its end', () => !isAlive(dead.pid))
  const { code, envelope } = await sandbox.call(['start', '--bind-pid', String(dead.pid), '--', ...SLEEPER])
  expect(code).toBe(4)
  expect(envelope.error).toMatchObject({ code: 'BOUND_PROCESS_GONE', context: { pid: dead.pid } })
  expect(readdirSync(join(sandbox.state, 'runs'))).toEqual([])
  for (const pid of ['0', '-1', 'x', '1.5', ''])
    expect((await sandbox.call(['start', `--bind-pid=${pid}`, '--', ...SLEEPER])).code, pid).toBe(2)
})

test('a process that dies anywhere on the way of the start leaves no run behind', async () => {
  const sandbox = Sandbox.create()
  for (const delay of [40, 80, 120, 160, 200, 260]) {
    const wanted = anchor(sandbox)
    const call = sandbox.call(['start', '--bind-pid', String(wanted.pid), '--', ...SLEEPER])
    await new Promise(done => setTimeout(done, delay))
    wanted.kill('SIGKILL')
    const { code, stdout } = await call
    // Refused, stopped before its start, or started and ended.
    expect([0, 4, 6], stdout).toContain(code)
    await sandbox.nothingLeft()
  }
  const { envelope } = await sandbox.call(['ps', '--all'])
  for (const { run_id } of envelope.data.runs) expect(await endedBy(sandbox, run_id)).toBe('bound_exit')
})

import { expect, test } from 'vitest'
import { self } from '../../../framework/process/identity.js'
import { look } from '../../../framework/process/liveness.js'
import { runElsewhere } from './elsewhere.js'
import { identityOf, stage } from './stage.js'
import { canUnshare, ps, reap, waitFor } from './witness.js'

test('is alive until it was ended and reaped', async () => {
  const child = stage.spawn('sleep', ['600'])
  const identity = identityOf(child.pid)
  expect(look(identity)).toBe('alive')
  await reap(child)
  expect(look(identity)).toBe('gone')
})

test('is alive while it is stopped', async () => {
  const child = stage.spawn('sleep', ['600'])
  const identity = identityOf(child.pid)
  child.kill('SIGSTOP')
  await waitFor('the stop', () => ps(child.pid, 'stat')?.startsWith('T'))
  expect(look(identity)).toBe('alive')
})

test('is gone as soon as it is a zombie', async () => {
  stage.python(
    `import os,time
r,w=os.pipe()
pid=os.fork()
if pid==0:
  os.close(w); os.read(r,1); os._exit(0)
open(os.environ['D']+'/child','w').write(str(pid))
while not os.path.exists(os.environ['D']+'/go'): time.sleep(.005)
os.close(w)
time.sleep(600)`,
  )
  const pid = await stage.pidIn('child')
  const identity = identityOf(pid)
  expect(look(identity)).toBe('alive')
  stage.shell('touch "$D/go"')
  await waitFor('a zombie', () => ps(pid, 'stat')?.startsWith('Z'))
  expect(look(identity)).toBe('gone')
})

test('is gone where another process has the pid', () => {
  expect(look({ ...self(), start_time: self().start_time + 1 })).toBe('gone')
})

test.skipIf(!canUnshare)('is gone once the kernel gave its pid to the next process', () => {
  const source = `
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { identify } from './framework/process/identity.js'
import { look } from './framework/process/liveness.js'
import { signalProcess } from './framework/process/signal.js'
const first = spawn('sleep', ['600'])
const identity = identify(first.pid)
first.kill('SIGKILL')
await once(first, 'exit')
await new Promise(resolve => setTimeout(resolve, 30))
writeFileSync('/proc/sys/kernel/ns_last_pid', String(first.pid - 1))
const second = spawn('sleep', ['600'])
const verdict = look(identity)
const signalled = signalProcess(identity, 'SIGKILL')
const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(second.pid)], { encoding: 'utf8' })
second.kill('SIGKILL')
console.log(JSON.stringify({ same_pid: first.pid === second.pid, verdict, signalled, second: stdout.trim()[0] === 'Z' ? 'dead' : 'alive' }))`
  expect(runElsewhere(source, ['unshare', '--pid', '--fork', '--mount-proc'])).toEqual({
    same_pid: true,
    verdict: 'gone',
    signalled: 'gone',
    second: 'alive',
  })
})

test('is rebooted where the host has booted since, whatever its namespace was', () => {
  expect(look({ ...self(), boot_id: 'earlier' })).toBe('rebooted')
  expect(look({ ...self(), boot_id: 'earlier', pid_namespace: '1' })).toBe('rebooted')
})

test('is foreign on another host or in another PID namespace', () => {
  expect(look({ ...self(), host_id: 'other' })).toBe('foreign')
  expect(look({ ...self(), host_id: 'other', boot_id: 'other' })).toBe('foreign')
  expect(look({ ...self(), pid_namespace: '1' })).toBe('foreign')
})

test.skipIf(!canUnshare)('takes what the host hides from us for alive, and never signals it', () => {
  const source = `
import { thisHost } from './framework/process/identity.js'
import { look } from './framework/process/liveness.js'
import { signalProcess } from './framework/process/signal.js'
const pid = Number(process.argv[2])
process.setgroups([]); process.setgid(65534); process.setuid(65534)
const hidden = { ...thisHost(), pid, start_time: 1 }
const nobody = { ...thisHost(), pid: 4_000_000, start_time: 1 }
console.log(JSON.stringify([look(hidden), signalProcess(hidden, 'SIGKILL'), look(nobody)]))`
  const hide = `mount -t proc -o hidepid=2 proc /proc; sleep 600 & "$@" $!; code=$?; kill -9 $!; exit $code`
  const command = ['unshare', '--pid', '--fork', '--mount', 'sh', '-c', hide, 'hide']
  expect(runElsewhere(source, command)).toEqual(['alive', 'not_permitted', 'gone'])
})

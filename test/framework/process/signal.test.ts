import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { self } from '../../../framework/process/identity.js'
import { signalGroup, signalProcess } from '../../../framework/process/signal.js'
import { runElsewhere } from './elsewhere.js'
import { identityOf, stage } from './stage.js'
import { exited, isAlive, isRoot, ps, reap, waitFor } from './witness.js'

test('reaches the process that was meant', async () => {
  const child = stage.spawn('sleep', ['600'])
  expect(signalProcess(identityOf(child.pid), 'SIGTERM')).toBe('sent')
  await exited(child)
  expect(child.signalCode).toBe('SIGTERM')
})

test('reaches nobody once the process is gone', async () => {
  const child = stage.spawn('sleep', ['600'])
  const identity = identityOf(child.pid)
  await reap(child)
  expect(signalProcess(identity, 'SIGKILL')).toBe('gone')
  expect(signalGroup(identity, 'SIGKILL')).toBe('gone')
})

test('reaches nobody where another process has the pid', async () => {
  const child = stage.spawn('sleep', ['600'])
  const stranger = { ...identityOf(child.pid), start_time: 1 }
  expect(signalProcess(stranger, 'SIGKILL')).toBe('gone')
  expect(signalGroup(stranger, 'SIGKILL')).toBe('gone')
  expect(signalProcess({ ...identityOf(child.pid), boot_id: 'earlier' }, 'SIGKILL')).toBe('gone')
  expect(isAlive(child.pid)).toBe(true)
})

test('refuses process 1, ourselves, our ancestors and processes of elsewhere', () => {
  const child = stage.spawn('sleep', ['600'])
  const parent = Number(
    spawnSync('ps', ['-o', 'ppid=', '-p', String(process.pid)], { encoding: 'utf8' }).stdout,
  )
  const targets = [
    identityOf(1),
    { ...self(), pid: 0 },
    { ...self(), pid: -1 },
    self(),
    identityOf(parent),
    { ...identityOf(child.pid), host_id: 'other' },
    { ...identityOf(child.pid), pid_namespace: '1' },
  ]
  // Signal 0 of a wrong guess would harm nobody; SIGCONT is the mildest that exists by name.
  expect(targets.map(target => signalProcess(target, 'SIGCONT'))).toEqual(targets.map(() => 'refused'))
  expect(isAlive(child.pid)).toBe(true)
})

test('refuses an ancestor however far up', () => {
  const source = `
import { identify } from './framework/process/identity.js'
import { signalGroup, signalProcess } from './framework/process/signal.js'
const top = identify(Number(process.argv[2]))
console.log(JSON.stringify([signalProcess(top, 'SIGCONT'), signalGroup(top, 'SIGCONT')]))`
  const nest = [
    'setsid',
    '-w',
    'sh',
    '-c',
    'P=$$; export P; sh -c \'sh -c "\\"\\$@\\" $P; :" in "$@"; :\' in "$@"; :',
    'in',
  ]
  expect(runElsewhere(source, nest)).toEqual(['refused', 'refused'])
})

test.skipIf(!isRoot)('says so where the process is another user’s', () => {
  const child = stage.spawn('sleep', ['600'])
  const source = `
import { identify } from './framework/process/identity.js'
import { signalGroup, signalProcess } from './framework/process/signal.js'
process.setgroups([]); process.setgid(65534); process.setuid(65534)
const other = identify(Number(process.argv[2]))
console.log(JSON.stringify([signalProcess(other, 'SIGKILL'), signalGroup(other, 'SIGKILL')]))`
  expect(runElsewhere(source, [], [String(child.pid)])).toEqual(['not_permitted', 'not_permitted'])
  expect(isAlive(child.pid)).toBe(true)
})

test('reaches all of a group at once', async () => {
  const leader = stage.shell('sleep 600 & echo $! > "$D/a"; sleep 600 & echo $! > "$D/b"; wait')
  const pids = [leader.pid, await stage.pidIn('a'), await stage.pidIn('b')]
  expect(signalGroup(identityOf(leader.pid), 'SIGKILL')).toBe('sent')
  await waitFor('the end of the group', () => !pids.some(isAlive))
})

test('refuses the group of a process that leads none, and our own', () => {
  const child = stage.spawn('sleep', ['600'], { detached: false })
  expect(Number(ps(child.pid, 'pgid'))).not.toBe(child.pid)
  expect(signalGroup(identityOf(child.pid), 'SIGKILL')).toBe('refused')
  const source = `
import { identify } from './framework/process/identity.js'
import { signalGroup } from './framework/process/signal.js'
console.log(JSON.stringify(signalGroup(identify(process.pid), 'SIGTERM')))`
  expect(runElsewhere(source, ['setsid', '-w'])).toBe('refused')
  expect(isAlive(child.pid)).toBe(true)
})

test('leaves a group alone whose leader was reaped', async () => {
  const leader = stage.shell('sleep 600 & echo $! > "$D/member"; note leader; exec sleep 600')
  const member = await stage.pidIn('member')
  await stage.pidIn('leader')
  const identity = identityOf(leader.pid)
  await reap(leader)
  expect(Number(ps(member, 'pgid'))).toBe(leader.pid)
  expect(signalGroup(identity, 'SIGKILL')).toBe('gone')
  expect(isAlive(member)).toBe(true)
})

test('reaches a group whose leader is a zombie: nobody else can have its number', async () => {
  stage.python(
    `import os,time
d=os.environ['D']
leader=os.fork()
if leader==0:
  os.setsid()
  member=os.fork()
  if member==0: time.sleep(600)
  open(d+'/member.new','w').write(str(member)); os.rename(d+'/member.new',d+'/member')
  while not os.path.exists(d+'/go'): time.sleep(.005)
  os._exit(0)
open(d+'/leader','w').write(str(leader))
time.sleep(600)`,
  )
  const [leader, member] = [await stage.pidIn('leader'), await stage.pidIn('member')]
  const identity = identityOf(leader)
  stage.shell('touch "$D/go"')
  await waitFor('a zombie', () => ps(leader, 'stat')?.startsWith('Z'))
  expect(signalProcess(identity, 'SIGKILL')).toBe('gone')
  expect(signalGroup(identity, 'SIGKILL')).toBe('sent')
  await waitFor('the end of the member', () => !isAlive(member))
})

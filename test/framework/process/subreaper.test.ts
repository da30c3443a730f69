/** This test's own process is the subreaper, so every orphan that a test makes becomes its child. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isAdopting } from '../../../framework/process/adoption-probe.js'
import { tabledChildren } from '../../../framework/process/children.js'
import { endTree } from '../../../framework/process/end-tree.js'
import { openJournal } from '../../../framework/process/journal.js'
import { loadNative, nativePath } from '../../../framework/process/native.js'
import { signalProcess } from '../../../framework/process/signal.js'
import { Subreaper } from '../../../framework/process/subreaper.js'
import { SubreaperTracking } from '../../../framework/process/subreaper-tracking.js'
import { identityOf, stage } from './stage.js'
import { exited, isAlive, ps, reap, waitFor } from './witness.js'

/** What leaves its parent, group, session and environment at once; `$D/stray` has its pid. */
const ESCAPE = `
import os,time
d=os.environ['D']
if os.fork()==0:
  os.setsid()
  if os.fork()==0:
    open(d+'/stray.new','w').write(str(os.getpid())); os.rename(d+'/stray.new',d+'/stray')
    os.execve('/bin/sleep',['sleep','600'],{})
  os._exit(0)
os.wait()
time.sleep(600)`

let subreaper: Subreaper
beforeEach(() => {
  const path = nativePath()
  if (path === null) throw new Error('these tests need the optional dependencies')
  subreaper = new Subreaper(loadNative(path))
})
afterEach(async () => {
  // What is on the stage has to end while somebody reaps it.
  await stage.clear()
  await waitFor('all to be reaped', () => zombies().length === 0)
  subreaper.resign()
})

const journal = () => openJournal(stage.path('seen.log'))

function track(main: number, lookAtChildren?: typeof tabledChildren): SubreaperTracking {
  return new SubreaperTracking({
    subreaper,
    main: identityOf(main),
    marker: stage.marker,
    journal: journal(),
    isRun: value => value === 'inner',
    ...(lookAtChildren ? { lookAtChildren } : {}),
  })
}

function pids(tracking: SubreaperTracking, part: 'members' | 'nested' = 'members'): number[] {
  return (tracking.look()[part] ?? []).map(({ identity }) => identity.pid).sort((a, b) => a - b)
}

const sorted = (...numbers: number[]): number[] => numbers.sort((a, b) => a - b)

/** Our children that have ended and were not reaped, as `ps` sees them. */
const zombies = (): string[] =>
  readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(pid => pid !== '' && ps(Number(pid), 'stat')?.startsWith('Z'))

test('a process is made the parent of orphans, and no longer when it resigns', async () => {
  expect(await isAdopting(subreaper)).toBe(true)
  subreaper.resign()
  expect(await isAdopting(subreaper)).toBe(false)
})

test.each([
  ['the lists of the kernel', undefined],
  ['the process table, where the kernel has no lists', tabledChildren],
])('what left parent, group, session and environment before any look is found by %s', async (_, how) => {
  const main = stage.python(ESCAPE)
  const stray = await stage.pidIn('stray')
  stage.alsoEnd(stray)
  await waitFor('the adoption', () => ps(stray, 'ppid') === String(process.pid))
  expect(pids(track(main.pid, how))).toEqual(sorted(main.pid, stray))
  expect(journal().read()).toEqual(expect.arrayContaining([identityOf(main.pid), identityOf(stray)]))
})

test('the end of a tree is the end of what escaped, and nobody of it stays a zombie', async () => {
  const main = stage.python(ESCAPE)
  const stray = await stage.pidIn('stray')
  stage.alsoEnd(stray)
  const ended = await endTree({ tracking: track(main.pid), grace_ms: 5_000 })
  expect(ended.survivors).toEqual([])
  expect([main.pid, stray].map(isAlive)).toEqual([false, false])
  await exited(main)
})

test('the exit codes of what Node started are right while a thousand orphans are reaped', async () => {
  const orphans = stage.python(
    `import os
for i in range(1000):
  if os.fork()==0:
    if os.fork()==0:
      os._exit(i%256)
    os._exit(0)
  os.wait()`,
  )
  const codes: (number | null)[] = []
  const wanted = Array.from({ length: 256 }, (_, code) => code)
  for (let from = 0; from < 256; from += 16) {
    await Promise.all(
      wanted.slice(from, from + 16).map(async code => {
        const child = spawn('/bin/sh', ['-c', `exit ${code}`])
        codes[code] = await new Promise(resolve => child.once('exit', resolve))
      }),
    )
  }
  await exited(orphans)
  expect(orphans.exitCode).toBe(0)
  expect(codes).toEqual(wanted)
})

test('a run inside the run is left to its owner, with all that it started', async () => {
  const main = stage.shell(`
    ${stage.marker.name}=inner setsid -f sh -c 'echo $$ > "$D/inner"; env -i A=1 sleep 600 & echo $! > "$D/bare"; wait'
    exec sleep 600`)
  const [inner, bare] = [await stage.pidIn('inner'), await stage.pidIn('bare')]
  for (const pid of [inner, bare]) stage.alsoEnd(pid)
  const tracking = track(main.pid)
  await waitFor('the adoption', () => ps(inner, 'ppid') === String(process.pid))
  expect(pids(tracking)).toEqual([main.pid])
  expect(pids(tracking, 'nested')).toEqual(sorted(inner, bare))
})

test('what this process started beside the run is not of the run', async () => {
  const before = spawn('sleep', ['600'])
  const main = stage.shell('exec sleep 600')
  const beside = stage.shell('sleep 600 & echo $! > "$D/below"; wait')
  await stage.pidIn('below')
  expect(pids(track(main.pid))).toEqual([main.pid])
  for (const child of [before, beside]) await reap(child)
})

test('a group is signalled whole only where nobody else can be in it', async () => {
  const main = stage.shell('sleep 600 & echo $! > "$D/child"; wait')
  // In our own session, as a program on our terminal is.
  const sharing = stage.shell('exec sleep 600', { detached: false })
  await stage.pidIn('child')
  expect(track(main.pid).look().groups).toEqual([identityOf(main.pid)])
  expect(track(sharing.pid).look().groups).toEqual([])
})

test('signals go to who was meant, and to nobody once that one is gone', async () => {
  const child = stage.shell('exec sleep 600')
  const identity = identityOf(child.pid)
  const another = { ...identity, start_time: identity.start_time - 1 }
  expect(signalProcess(another, 'SIGKILL')).toBe('gone')
  expect(isAlive(child.pid)).toBe(true)
  expect(signalProcess(identity, 'SIGTERM')).toBe('sent')
  await exited(child)
  expect(child.signalCode).toBe('SIGTERM')
  expect(signalProcess(identity, 'SIGTERM')).toBe('gone')
})

test('a look costs as many readings as the tree has processes', async () => {
  const main = stage.shell('sleep 600 & sleep 600 & echo $! > "$D/child"; wait')
  await stage.pidIn('child')
  const tracking = track(main.pid)
  const asked: number[] = []
  const counting = new SubreaperTracking({
    subreaper,
    main: identityOf(main.pid),
    marker: stage.marker,
    journal: journal(),
    isRun: value => value === 'inner',
    lookAtChildren: () => {
      const children = tabledChildren()
      return parent => {
        asked.push(parent.pid)
        return children(parent)
      }
    },
  })
  const members = pids(counting)
  expect(members).toEqual(pids(tracking))
  expect(members).toHaveLength(3)
  expect(new Set(asked)).toEqual(new Set([process.pid, ...members]))
})

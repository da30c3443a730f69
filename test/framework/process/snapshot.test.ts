import { statSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { openJournal } from '../../../framework/process/journal.js'
import { SnapshotTracking } from '../../../framework/process/snapshot.js'
import { can_show_nothing, identityOf, stage, startShowingNothing } from './stage.js'
import { asleep, exited, isAlive, ps, reap, waitFor } from './witness.js'

const journal = () => openJournal(stage.path('seen.log'))

function track(main: number | null, exclude: readonly number[] = []): SnapshotTracking {
  return new SnapshotTracking({
    main: main === null ? null : identityOf(main),
    marker: stage.marker,
    journal: journal(),
    exclude,
    isRun: () => true,
  })
}

type Part = 'members' | 'marked_only' | 'nested'

function pids(tracking: SnapshotTracking, part: Part = 'members'): number[] {
  return (tracking.look()[part] ?? []).map(({ identity }) => identity.pid).sort((a, b) => a - b)
}

/** In the middle of an execve(2) it shows neither whose it is nor what. */
const sorted = (...numbers: number[]): number[] => numbers.sort((a, b) => a - b)

test('finds children, their children, and those that left the group or the session', async () => {
  const main = stage.shell(`
    sleep 600 & echo $! > "$D/child"
    setsid sh -c 'echo $$ > "$D/apart"; sleep 600 & echo $! > "$D/grandchild"; wait' &
    wait`)
  const others = [await stage.pidIn('child'), await stage.pidIn('apart'), await stage.pidIn('grandchild')]
  await waitFor('the session of its own', () => ps(others[1] ?? 0, 'sid') === String(others[1]))
  const tracking = track(main.pid)
  const apart_parent = Number(ps(others[1] ?? 0, 'ppid'))
  const expected = new Set([main.pid, ...others, ...(apart_parent === main.pid ? [] : [apart_parent])])
  expect(pids(tracking)).toEqual(sorted(...expected))
  expect(pids(tracking, 'marked_only')).toEqual([])
})

test('describes each member as ps does', async () => {
  const main = stage.shell('sleep 600 & echo $! > "$D/child"; wait')
  const child = await stage.pidIn('child')
  await asleep(child)
  const member = track(main.pid)
    .look()
    .members.find(({ identity }) => identity.pid === child)
  expect(member).toMatchObject({
    identity: identityOf(child),
    ppid: main.pid,
    pgid: Number(ps(child, 'pgid')),
    sid: Number(ps(child, 'sid')),
    state: ps(child, 'stat')?.[0],
  })
})

test('keeps a member that leaves everything behind once it was seen', async () => {
  const main = stage.python(
    `import os,time
d=os.environ['D']
def wait(n):
  while not os.path.exists(d+'/'+n): time.sleep(.005)
child=os.fork()
if child==0:
  if os.fork()!=0:
    wait('go'); os._exit(0)
  open(d+'/stray.new','w').write(str(os.getpid())); os.rename(d+'/stray.new',d+'/stray')
  wait('go')
  while os.getppid()==child: time.sleep(.005)
  os.setsid()
  os.execve('/bin/sleep',['sleep','600'],{})
os.waitpid(child,0)
time.sleep(600)`,
  )
  const stray = await stage.pidIn('stray')
  stage.alsoEnd(stray)
  const tracking = track(main.pid)
  expect(pids(tracking)).toContain(stray)
  stage.shell('touch "$D/go"')
  await waitFor('the escape', () => ps(stray, 'comm') === 'sleep')
  expect(ps(stray, 'sid')).toBe(String(stray))
  expect(pids(tracking)).toEqual(sorted(main.pid, stray))
})

test('journals a member before anybody is told of it', async () => {
  const main = stage.shell('sleep 600 & echo $! > "$D/child"; wait')
  const child = await stage.pidIn('child')
  track(main.pid).look()
  expect(journal().read()).toEqual(expect.arrayContaining([identityOf(main.pid), identityOf(child)]))
})

test('goes on from the journal after its owner and the main process died', async () => {
  const main = stage.shell(`
    setsid sh -c 'echo $$ > "$D/daemon"; exec sleep 600' &
    (sleep 600 & echo $! > "$D/orphan"; exec sleep 600) & echo $! > "$D/mother"
    wait`)
  const [daemon, orphan, mother] = [
    await stage.pidIn('daemon'),
    await stage.pidIn('orphan'),
    await stage.pidIn('mother'),
  ]
  await waitFor('the session of its own', () => ps(daemon, 'sid') === String(daemon))
  const identity = identityOf(main.pid)
  track(main.pid).look()
  await reap(main)
  process.kill(mother, 'SIGKILL')
  await waitFor('the orphans', () => !isAlive(mother) && ps(orphan, 'ppid') !== String(mother))
  const successor = new SnapshotTracking({
    main: identity,
    marker: stage.marker,
    journal: journal(),
    exclude: [],
    isRun: () => true,
  })
  expect(pids(successor)).toEqual(expect.arrayContaining(sorted(daemon, orphan)))
  expect(pids(successor)).not.toContain(main.pid)
})

test('reports, and does not claim, what only the marker ties to the run', async () => {
  const main = stage.shell('exec sleep 600')
  // A daemon that somebody else started, and that others came to share: it carries the run’s marker all the same.
  const shared = stage.shell('exec sleep 600')
  await asleep(shared.pid)
  const tracking = track(main.pid)
  expect(pids(tracking)).toEqual([main.pid])
  expect(pids(tracking, 'marked_only')).toEqual([shared.pid])
  expect(pids(tracking, 'marked_only')).toEqual([shared.pid])
  expect(journal().read()).toEqual([identityOf(main.pid)])
})

test('finds by the marker what runs where the main process was never recorded', async () => {
  const lost = stage.shell('exec sleep 600')
  await asleep(lost.pid)
  const tracking = track(null)
  expect(pids(tracking)).toEqual([])
  expect(pids(tracking, 'marked_only')).toEqual([lost.pid])
})

test('leaves a run inside the run to its own owner, with all that it started', async () => {
  const main = stage.shell(`
    ${stage.marker.name}=inner sh -c 'echo $$ > "$D/inner"; sleep 600 & echo $! > "$D/child"
      env -i A=1 sleep 600 & echo $! > "$D/bare"; wait' & wait`)
  const [inner, child, bare] = [
    await stage.pidIn('inner'),
    await stage.pidIn('child'),
    await stage.pidIn('bare'),
  ]
  for (const pid of [inner, child, bare]) stage.alsoEnd(pid)
  const tracking = track(main.pid)
  const forked = Number(ps(inner, 'ppid'))
  expect(pids(tracking)).toEqual(sorted(...new Set([main.pid, forked])))
  expect(pids(tracking, 'nested')).toEqual(sorted(inner, child, bare))
  expect(pids(tracking, 'marked_only')).toEqual([])
})

test('leaves out its owner and guard, and their pids only as long as they are theirs', async () => {
  const main = stage.shell('sleep 600 & echo $! > "$D/guard"; sleep 600 & echo $! > "$D/child"; wait')
  const [guard, child] = [await stage.pidIn('guard'), await stage.pidIn('child')]
  const tracking = track(main.pid, [guard])
  const tree = tracking.look()
  expect(tree.members.map(({ identity }) => identity.pid).sort((a, b) => a - b)).toEqual(
    sorted(main.pid, child),
  )
  expect(tree.marked_only).toEqual([])
  expect(tree.groups).toEqual([])
})

test('never claims the process that looks', async () => {
  const main = stage.spawn('sleep', ['600'], { detached: false })
  const tracking = track(main.pid)
  expect(Number(ps(main.pid, 'pgid'))).toBe(Number(ps(process.pid, 'pgid')))
  expect(pids(tracking)).toEqual([main.pid])
  expect(tracking.look().groups).toEqual([])
})

test('names the groups that are wholly the run’s', async () => {
  const main = stage.shell(`
    setsid sh -c 'echo $$ > "$D/apart"; exec sleep 600' &
    sleep 600 & echo $! > "$D/child"; wait`)
  const apart = await stage.pidIn('apart')
  await stage.pidIn('child')
  await waitFor('the session of its own', () => ps(apart, 'pgid') === String(apart))
  const groups = track(main.pid).look().groups ?? []
  expect(groups.map(({ pid }) => pid).sort((a, b) => a - b)).toEqual(sorted(main.pid, apart))
})

test('sees nobody once all have ended, zombies or not', async () => {
  const main = stage.shell('sleep 600 & echo $! > "$D/child"; wait')
  const child = await stage.pidIn('child')
  const tracking = track(main.pid)
  expect(pids(tracking)).toHaveLength(2)
  main.kill('SIGSTOP')
  process.kill(child, 'SIGKILL')
  await waitFor('a zombie', () => ps(child, 'stat')?.startsWith('Z'))
  expect(pids(tracking)).toEqual([main.pid])
  await reap(main)
  expect(pids(tracking)).toEqual([])
})

test('keeps its journal short, and what a successor needs in it', async () => {
  const main = stage.shell(`
    (sleep 600 & echo $! > "$D/orphan"; exec sleep 600) & echo $! > "$D/mother"; wait`)
  const [orphan, mother] = [await stage.pidIn('orphan'), await stage.pidIn('mother')]
  const long = Array.from({ length: 2500 }, () => ({ ...identityOf(main.pid), start_time: 1 }))
  writeFileSync(stage.path('seen.log'), long.map(one => `${JSON.stringify(one)}\n`).join(''))
  const tracking = track(main.pid)
  tracking.look()
  tracking.look()
  tracking.look()
  expect(statSync(stage.path('seen.log')).size).toBeLessThan(4096)
  expect(journal().read()).toEqual(expect.arrayContaining([main.pid, orphan, mother].map(identityOf)))
})

test('finds what a dying process forked last, by its group and its marker together', async () => {
  const main = stage.shell(`
    trap 'sleep 600 & echo $! > "$D/late"; exit 0' TERM
    note main; while :; do sleep 0.05; done`)
  await stage.pidIn('main')
  const tracking = track(main.pid)
  const before = pids(tracking)
  main.kill('SIGTERM')
  const late = await stage.pidIn('late')
  await exited(main)
  await waitFor('the others to end', () => before.every(pid => !isAlive(pid)))
  await asleep(late)
  expect(ps(late, 'ppid')).not.toBe(String(main.pid))
  expect(pids(tracking)).toEqual([late])
})

test.skipIf(!can_show_nothing)(
  `is undecided about a peer of a dead main process that shows nothing of itself, and finds it when it does${can_show_nothing ? '' : ' (needs PR_SET_MM_MAP)'}`,
  async () => {
    const { main, child, tell } = await startShowingNothing()
    const tracking = track(main.pid)
    await reap(main)
    for (let looks = 0; looks < 5; looks++)
      expect(tracking.look()).toMatchObject({ members: [], undecided: [{ identity: { pid: child } }] })
    tell()
    await waitFor('its environment', () => stage.marked().includes(child))
    expect(tracking.look().undecided).toEqual([])
    expect(pids(tracking)).toEqual([child])
  },
)

test('is not undecided about a peer that cleared its environment', async () => {
  const main = stage.shell('env -i sleep 600 & echo $! > "$D/cleared"; note main; wait')
  const cleared = await stage.pidIn('cleared')
  stage.alsoEnd(cleared)
  await waitFor('the exec', () => ps(cleared, 'comm') === 'sleep')
  const tracking = track(main.pid)
  await reap(main)
  expect(tracking.look()).toMatchObject({ members: [], undecided: [] })
})

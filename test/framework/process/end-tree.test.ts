import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { endTree } from '../../../framework/process/end-tree.js'
import { openJournal } from '../../../framework/process/journal.js'
import { SnapshotTracking } from '../../../framework/process/snapshot.js'
import type { Member, TrackingMethod } from '../../../framework/process/tracking.js'
import { Bundle } from './elsewhere.js'
import { can_show_nothing, identityOf, stage, startShowingNothing } from './stage.js'
import { asleep, exited, isAlive, isRoot, ps, reap, waitFor } from './witness.js'

/** Long enough that a test which needed it would fail by its own time limit. */
const NEVER_MS = 3_600_000

function track(main: number): SnapshotTracking {
  const journal = openJournal(stage.path('seen.log'))
  return new SnapshotTracking({
    main: identityOf(main),
    marker: stage.marker,
    journal,
    exclude: [],
    isRun: () => true,
  })
}

const pidsOf = (members: readonly Member[]): number[] => members.map(({ identity }) => identity.pid)

test('ends a tree that obeys TERM without a KILL', async () => {
  const main = stage.shell('sleep 600 & echo $! > "$D/a"; setsid sleep 600 & echo $! > "$D/b"; wait')
  for (const name of ['a', 'b']) await asleep(await stage.pidIn(name))
  const before = stage.marked()
  const ended = await endTree({ tracking: track(main.pid), grace_ms: NEVER_MS })
  expect(stage.marked()).toEqual([])
  expect(ended).toEqual({ ended: before.length, killed: [], survivors: [] })
  await exited(main)
  expect(main.signalCode).toBe('SIGTERM')
})

test('waits for the whole tree, not for the main process', async () => {
  const main = stage.shell(`
    sh -c 'trap "sleep 0.3; exit" TERM; echo $$ > "$D/slow"; while :; do sleep 0.05; done' &
    wait`)
  const slow = await stage.pidIn('slow')
  await endTree({ tracking: track(main.pid), grace_ms: NEVER_MS })
  expect(isAlive(slow)).toBe(false)
  expect(stage.marked()).toEqual([])
})

test('sends KILL to what does not hear TERM, once the grace is over', async () => {
  const main = stage.shell(`
    sh -c 'trap "" TERM; echo $$ > "$D/deaf"; while :; do sleep 0.05; done' & wait`)
  const deaf = await stage.pidIn('deaf')
  const { killed, survivors } = await endTree({ tracking: track(main.pid), grace_ms: 100 })
  expect(pidsOf(killed)).toContain(deaf)
  expect(survivors).toEqual([])
  expect(stage.marked()).toEqual([])
})

test('sends one TERM to each, and tells of each before it does', async () => {
  const main = stage.python(
    `import os,signal,time
d=os.environ['D']
def heard(*_): open(d+'/heard','a').write('x')
signal.signal(signal.SIGTERM,heard)
open(d+'/ready','w').write(str(os.getpid()))
while not os.path.exists(d+'/enough'): time.sleep(.005)`,
  )
  await stage.pidIn('ready')
  const told: [number, boolean][] = []
  const ending = endTree({
    tracking: track(main.pid),
    grace_ms: NEVER_MS,
    on_term: ({ identity }) => told.push([identity.pid, existsSync(stage.path('heard'))]),
  })
  await waitFor('the TERM', () => existsSync(stage.path('heard')))
  await new Promise(resolve => setTimeout(resolve, 250))
  execFileSync('touch', [stage.path('enough')])
  await ending
  expect(readFileSync(stage.path('heard'), 'utf8')).toBe('x')
  expect(told).toEqual([[main.pid, false]])
})

test('ends stopped processes by TERM, for it wakes them', async () => {
  const main = stage.shell('sleep 600 & echo $! > "$D/child"; note main; wait')
  const child = await stage.pidIn('child')
  await stage.pidIn('main')
  process.kill(-main.pid, 'SIGSTOP')
  await waitFor('the stop', () => [main.pid, child].every(pid => ps(pid, 'stat')?.startsWith('T')))
  const { killed } = await endTree({ tracking: track(main.pid), grace_ms: NEVER_MS })
  expect(killed).toEqual([])
  expect(stage.marked()).toEqual([])
})

test('ends what is started in answer to TERM', async () => {
  const main = stage.shell(`
    trap 'sleep 600 & echo $! > "$D/late"; exit 0' TERM
    note main; while :; do sleep 0.05; done`)
  await stage.pidIn('main')
  await endTree({ tracking: track(main.pid), grace_ms: NEVER_MS })
  const late = await stage.pidIn('late')
  expect(isAlive(late)).toBe(false)
  expect(stage.marked()).toEqual([])
})

test('ends a tree that keeps forking', async () => {
  const main = stage.shell(`
    trap '' TERM; note main
    while :; do sh -c 'trap "" TERM; sleep 0.05 & sleep 0.05 & wait' & sleep 0.01; done`)
  await stage.pidIn('main')
  const { survivors } = await endTree({ tracking: track(main.pid), grace_ms: 200 })
  expect(survivors).toEqual([])
  await waitFor('the last to be gone', () => stage.marked().length === 0)
})

test('skips the grace when it is forced, before and in the middle', async () => {
  const deaf = `trap '' TERM; note main; while :; do sleep 0.05; done`
  const first = stage.shell(deaf)
  await stage.pidIn('main')
  const forced = await endTree({
    tracking: track(first.pid),
    grace_ms: NEVER_MS,
    force: AbortSignal.abort(),
    on_term: () => expect.unreachable('TERM after a force'),
  })
  expect(pidsOf(forced.killed)).toContain(first.pid)

  const second = stage.shell(deaf.replace('main', 'second'))
  await stage.pidIn('second')
  const controller = new AbortController()
  const termed: number[] = []
  const ending = endTree({
    tracking: track(second.pid),
    grace_ms: NEVER_MS,
    force: controller.signal,
    on_term: ({ identity }) => {
      termed.push(identity.pid)
      setTimeout(() => controller.abort(), 20)
    },
  })
  expect(pidsOf((await ending).killed)).toContain(second.pid)
  expect(termed).toContain(second.pid)
  expect(stage.marked()).toEqual([])
})

test('tells of each KILL before it is sent', async () => {
  const main = stage.shell(`trap '' TERM; note main; while :; do sleep 0.05; done`)
  await stage.pidIn('main')
  const told: [number, boolean][] = []
  await endTree({
    tracking: track(main.pid),
    grace_ms: 0,
    on_kill: ({ identity }) => {
      if (identity.pid === main.pid) told.push([identity.pid, isAlive(identity.pid)])
    },
  })
  expect(told).toEqual([[main.pid, true]])
})

test('says that nothing was there where nothing was', async () => {
  const main = stage.spawn('sleep', ['600'])
  const identity = identityOf(main.pid)
  await reap(main)
  const journal = openJournal(stage.path('seen.log'))
  const tracking = new SnapshotTracking({
    main: identity,
    marker: stage.marker,
    journal,
    exclude: [],
    isRun: () => true,
  })
  expect(await endTree({ tracking, grace_ms: NEVER_MS })).toEqual({ ended: 0, killed: [], survivors: [] })
})

test('leaves runs inside the run and strangers with the same marker alone', async () => {
  const main = stage.shell(`
    ${stage.marker.name}=inner setsid sh -c 'echo $$ > "$D/inner"; exec sleep 600' &
    note main; wait`)
  const inner = await stage.pidIn('inner')
  stage.alsoEnd(inner)
  const shared = stage.shell('exec sleep 600')
  await stage.pidIn('main')
  await waitFor('the exec', () => ps(inner, 'comm') === 'sleep')
  const { survivors } = await endTree({ tracking: track(main.pid), grace_ms: NEVER_MS })
  expect(survivors).toEqual([])
  expect(isAlive(main.pid)).toBe(false)
  expect([inner, shared.pid].map(isAlive)).toEqual([true, true])
})

test('ends the tree before it passes on what a hook threw', async () => {
  const main = stage.shell('sleep 600 & note main; wait')
  await stage.pidIn('main')
  const ending = endTree({
    tracking: track(main.pid),
    grace_ms: NEVER_MS,
    on_term: () => {
      throw new Error('the disk is full')
    },
  })
  await expect(ending).rejects.toThrow('the disk is full')
  expect(stage.marked()).toEqual([])
})

test('goes on while looks fail, and never takes blindness for an end', async () => {
  const main = stage.shell('sleep 600 & note main; wait')
  await stage.pidIn('main')
  const sighted = track(main.pid)
  let looks = 0
  const flickering: TrackingMethod = {
    method: 'snapshot',
    complete: false,
    look() {
      looks++
      if (looks % 3 !== 0) throw Object.assign(new Error('EMFILE'), { code: 'EMFILE' })
      return sighted.look()
    },
  }
  const { survivors } = await endTree({ tracking: flickering, grace_ms: NEVER_MS })
  expect(survivors).toEqual([])
  expect(stage.marked()).toEqual([])
})

test.skipIf(!can_show_nothing)(
  `waits while a look is undecided, and ends what then proves to be of the tree${can_show_nothing ? '' : ' (needs PR_SET_MM_MAP)'}`,
  async () => {
    const { main, child, tell } = await startShowingNothing()
    const tracking = track(main.pid)
    await reap(main)
    let looks = 0
    const counting: TrackingMethod = {
      method: 'snapshot',
      complete: false,
      look() {
        looks++
        if (looks === 10) tell()
        return tracking.look()
      },
    }
    // However slow the machine is, no time passes.
    const ended = await endTree({ tracking: counting, grace_ms: NEVER_MS, now: () => 0 })
    expect(ended).toEqual({ ended: 1, killed: [], survivors: [] })
    expect(isAlive(child)).toBe(false)
  },
)

test.each([0, NEVER_MS])(
  'does not wait for ever while looks are undecided, with a grace of %s ms',
  async grace_ms => {
    let now = 0
    let looks = 0
    const stranger: Member = { identity: identityOf(process.pid), ppid: 1, pgid: 1, sid: 1, state: 'D' }
    const undecided: TrackingMethod = {
      method: 'snapshot',
      complete: false,
      look() {
        looks++
        return { members: [], marked_only: [], undecided: [stranger] }
      },
    }
    const ended = await endTree({ tracking: undecided, grace_ms, now: () => (now += 50) })
    expect(ended).toEqual({ ended: 0, killed: [], survivors: [] })
    expect(now).toBeGreaterThanOrEqual(2_000)
    expect(looks).toBeGreaterThan(2)
  },
)

test('fails where it could not look at all, instead of saying that nothing is left', async () => {
  const blind: TrackingMethod = {
    method: 'snapshot',
    complete: false,
    look() {
      throw Object.assign(new Error('EIO'), { code: 'EIO' })
    },
  }
  let now = 0
  const clock = () => (now += 100)
  await expect(endTree({ tracking: blind, grace_ms: 0, now: clock })).rejects.toThrow('EIO')
})

/** Runs as another user; ends the tree of a pid, and prints what it says. */
const AS_NOBODY = `
import { endTree } from './framework/process/end-tree.js'
import { identify } from './framework/process/identity.js'
import { openJournal } from './framework/process/journal.js'
import { SnapshotTracking } from './framework/process/snapshot.js'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { closeSync, existsSync, openSync, readdirSync, writeFileSync } from 'node:fs'
const [mode, value, directory, marker] = process.argv.slice(2)
process.setgroups([]); process.setgid(65534); process.setuid(65534)
let main = Number(value)
if (mode === 'own') {
  const script = 'sleep 600 & setsid sleep 600 & trap "" TERM; echo $$ > ' + directory + '/main; wait; while :; do :; done'
  const child = spawn('/bin/sh', ['-c', script], { detached: true, stdio: 'ignore', env: { PATH: process.env.PATH, STAGE_RUN: marker } })
  main = child.pid
  while (!existsSync(directory + '/main')) await new Promise(resolve => setTimeout(resolve, 5))
}
const tracking = new SnapshotTracking({ main: identify(main), marker: { name: 'STAGE_RUN', value: marker }, journal: openJournal(directory + '/seen.log'), exclude: [], isRun: () => true })
writeFileSync(directory + '/ready', String(process.pid))
while (!existsSync(directory + '/go')) await new Promise(resolve => setTimeout(resolve, 5))
const used_up = {}
const opening = () => { try { closeSync(openSync('/dev/null')); return 'opened' } catch (error) { return error.code } }
if (mode === 'own') {
  // A spawn takes a dozen descriptors before it forks: with too few it fails for want of these, and tells nothing of the fork.
  const room = Math.max(...readdirSync('/proc/self/fd').map(Number)) + 64
  execFileSync('prlimit', ['--pid', String(process.pid), '--nproc=1:1', '--nofile=' + room + ':' + room])
  used_up.fork = spawnSync('true').error?.code
  try { for (;;) openSync('/dev/null') } catch {}
  used_up.descriptor_before = opening()
}
const { ended, killed, survivors } = await endTree({ tracking, grace_ms: 100 })
if (mode === 'own') used_up.descriptor_after = opening()
const pids = members => members.map(member => member.identity.pid)
console.log(JSON.stringify({ ended, killed: pids(killed), survivors: pids(survivors), used_up }))`

function asNobody(args: readonly string[]) {
  const bundle = new Bundle(AS_NOBODY)
  execFileSync('chmod', ['777', stage.directory])
  const child = spawn(process.execPath, [bundle.path, ...args, stage.directory, stage.marker.value], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  child.stdout.on('data', chunk => {
    out += chunk
  })
  return {
    pid: child.pid ?? 0,
    answer: async (): Promise<unknown> => {
      await exited(child)
      bundle.remove()
      return JSON.parse(out)
    },
  }
}

test.skipIf(!isRoot)('names what it may not end, and ends the rest', async () => {
  const main = stage.shell('sleep 600 & wait')
  await waitFor('the two alone', () => stage.marked().length === 2)
  const before = stage.marked().sort((a, b) => a - b)
  const nobody = asNobody(['theirs', String(main.pid)])
  execFileSync('touch', [stage.path('go')])
  const answer = await nobody.answer()
  expect(answer).toMatchObject({ ended: 0, killed: [], survivors: expect.arrayContaining(before) })
  expect(stage.marked().sort((a, b) => a - b)).toEqual(before)
})

test.skipIf(!isRoot)('needs neither a fork nor a free descriptor', async () => {
  const nobody = asNobody(['own', '0'])
  await stage.pidIn('main')
  await stage.pidIn('ready')
  expect(stage.marked().length).toBeGreaterThanOrEqual(3)
  execFileSync('touch', [stage.path('go')])
  const used_up = { fork: 'EAGAIN', descriptor_before: 'EMFILE', descriptor_after: 'EMFILE' }
  expect(await nobody.answer()).toMatchObject({ used_up, survivors: [] })
  expect(stage.marked()).toEqual([])
})

/** `events`: what is on record, and what happens, each event once and in order, until the session was stopped. */
import type { ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openStateRoot } from '../../../framework/store/state-root.js'
import { dead, recorded } from '../../framework/runs/state.js'
import { gone, guardOf, shimOf } from '../background/holders.js'
import { Launcher } from '../background/launcher.js'
import { SLEEPER, script } from '../background/programs.js'
import { checked } from '../contract/harness/checked.js'
import { finished, Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'
import { jsonLines } from '../logs/log-calls.js'

type Item = Readonly<Record<string, unknown>>

/** A stream that is read as it comes. */
class Stream {
  readonly child: ChildProcess
  readonly ended: ReturnType<typeof finished>
  #stdout = ''

  constructor(sandbox: Sandbox, tool: Launcher, argv: readonly string[]) {
    this.child = sandbox.spawn(['events', '--follow', ...argv], tool.with({}))
    this.ended = finished(this.child)
    this.child.stdout?.on('data', chunk => {
      this.#stdout += chunk
    })
  }

  /** Whole lines so far. */
  items(): Item[] {
    return this.#stdout
      .split('\n')
      .slice(0, -1)
      .map(line => JSON.parse(line))
  }

  has(event: string, run_id: string | null): Promise<unknown> {
    const is = (item: Item) => item['event'] === event && item['run_id'] === run_id
    return until(`${event} of ${run_id} in ${this.#stdout}`, () => this.items().some(is))
  }
}

function world(options: ConstructorParameters<typeof Launcher>[1] = {}) {
  const sandbox = Sandbox.create()
  const tool = new Launcher(sandbox, options)
  return { sandbox, tool, follow: (...argv: string[]) => new Stream(sandbox, tool, argv) }
}

const named = (items: readonly Item[], run_id: string): unknown[] =>
  items.filter(item => item['run_id'] === run_id).map(({ event }) => event)

const HOUR_MS = 3_600_000

/** Moves a time of a record, as a clock does that was ahead or behind when it was written. */
function shift(path: string, member: string, by_ms: number): void {
  const record = JSON.parse(readFileSync(path, 'utf8'))
  const at = new Date(Date.parse(record[member]) + by_ms).toISOString()
  writeFileSync(path, JSON.stringify({ ...record, [member]: at }))
}

test('a session is followed from before its first run until it was stopped, which is its last event', async () => {
  const { sandbox, tool, follow } = world({ spawn_options: '{ name: "web", ready: { log: /up/ } }' })
  const stream = follow('--session', 's')
  const first = await tool.launch(['sh', '-c', 'echo up; exec sleep 1000'], { session: 's' })
  await stream.has('ready', first.run_id)
  const other = await tool.launch(['sh', '-c', 'echo up; sleep 1'], { session: 'other' })
  const leave = join(sandbox.path, 'leave')
  const until_told = `echo up; while [ ! -e '${leave}' ]; do sleep 0.05; done; exit 3`
  const second = await tool.launch(['sh', '-c', until_told], { session: 's' })
  writeFileSync(leave, '')
  await stream.has('exited', second.run_id)
  expect((await tool.call(['session', 'stop', 's'])).code).toBe(0)

  const { code, stdout } = await stream.ended
  expect(code).toBe(0)
  const { items, last } = jsonLines(stdout)
  expect(named(items, first.run_id)).toEqual(['started', 'ready', 'stopping', 'exited'])
  expect(named(items, second.run_id)).toEqual(['started', 'ready', 'exited'])
  expect(named(items, other.run_id)).toEqual([])
  expect(items[0]).toMatchObject({
    event: 'started',
    session_id: 's',
    pid: first.background_pid,
    name: 'web',
    cmd: 'sh -c echo up; exec sleep 1000',
    at: expect.stringMatching(/^\d{4}-.*Z$/),
  })
  expect(items.find(({ event, run_id }) => event === 'exited' && run_id === second.run_id)).toMatchObject({
    status: 'failed',
    exit_code: 3,
    signal: null,
    exit_reason: 'natural',
    stop_cause: null,
  })
  expect(items.at(-2)).toMatchObject({ event: 'exited', status: 'killed', stop_cause: 'session_stop' })
  expect(items.at(-1)).toMatchObject({ event: 'session_stopped', session_id: 's', run_id: null, stopped: 1 })
  expect(last).toMatchObject({ _summary: true, items_emitted: items.length, data: { session_stopped: true } })

  // Who comes late reads the same, and is not kept waiting.
  const late = jsonLines((await follow('--session', 's').ended).stdout)
  expect(late.items).toEqual(items)
  await tool.call(['session', 'stop', 'other'])
})

test('runs that begin and end between two looks are told whole, each event once, by every follower and by the records', async () => {
  const { tool, follow } = world()
  const streams = [follow('--session', 's'), follow('--session', 's')]
  const codes = Array.from({ length: 12 }, (_, index) => index)
  const runs = await Promise.all(
    codes.map(code => tool.launch(['sh', '-c', `exit ${code}`], { session: 's' })),
  )
  for (const { run_id } of runs) await tool.endOf(run_id)
  expect((await tool.call(['session', 'stop', 's'])).envelope.data.session_stopped).toBe(true)
  const followed = await Promise.all(streams.map(async ({ ended }) => jsonLines((await ended).stdout).items))
  const recorded: Item[] = (await tool.call(['events', '--session', 's', '--limit', '0'])).envelope.data
    .events
  for (const items of [...followed, recorded]) {
    expect(items).toHaveLength(2 * runs.length + 1)
    for (const [code, { run_id }] of runs.entries()) {
      expect(named(items, run_id)).toEqual(['started', 'exited'])
      const exited = items.find(item => item['run_id'] === run_id && item['event'] === 'exited')
      expect(exited).toMatchObject({ exit_code: code, status: code === 0 ? 'exited' : 'failed' })
    }
    expect(items.at(-1)).toMatchObject({ event: 'session_stopped' })
  }
})

test('a session that is used again after its stop is told from its new beginning on, and both lives are on record', async () => {
  const { tool, follow } = world()
  const before = await tool.launch(SLEEPER, { session: 's' })
  await tool.call(['session', 'stop', 's'])
  const after = await tool.launch(SLEEPER, { session: 's' })
  const stream = follow('--session', 's')
  await stream.has('started', after.run_id)
  await tool.call(['session', 'stop', 's'])
  const { items } = jsonLines((await stream.ended).stdout)
  expect(items.map(({ event }) => event)).toEqual(['started', 'stopping', 'exited', 'session_stopped'])
  expect(named(items, before.run_id)).toEqual([])
  const { envelope } = await tool.call(['events', '--session', 's'])
  expect(envelope.data.events.map(({ event }: Item) => event)).toEqual([
    ...['started', 'stopping', 'exited', 'session_stopped'],
    ...['started', 'stopping', 'exited', 'session_stopped'],
  ])
})

test('a start that died before its program ran is of the life of the session in which it died, and keeps no follower waiting', async () => {
  const { tool, follow } = world()
  const root = openStateRoot(tool.state, 'LAUNCHER_STATE_DIR')
  const given_up = recorded(root, { session_id: 's', starter: await dead() })
  // Killed before it put its name among those that live: no stop finds it, and nobody records its end.
  rmSync(root.live(given_up.run_id))
  const lived = async () => {
    const { run_id } = await tool.launch(SLEEPER, { session: 's' })
    expect((await tool.call(['session', 'stop', 's'])).code).toBe(0)
    return { run_id, ...jsonLines((await follow('--session', 's').ended).stdout) }
  }
  const first = await lived()
  expect(named(first.items, first.run_id)).toEqual(['started', 'stopping', 'exited'])
  expect(named(first.items, given_up.run_id)).toEqual(['exited'])
  expect(first.items.at(-1)).toMatchObject({ event: 'session_stopped' })
  expect(first.last).toMatchObject({ _summary: true, data: { session_stopped: true } })

  const second = await lived()
  expect(second.items.map(({ event }) => event)).toEqual(['started', 'stopping', 'exited', 'session_stopped'])
  expect(named(second.items, second.run_id)).toEqual(['started', 'stopping', 'exited'])
})

test('a run that began by a clock that was ahead of the one of the stop is told whole, to who is there and to who comes late', async () => {
  const { tool, follow } = world()
  const { run_id } = await tool.launch(SLEEPER, { session: 's' })
  shift(join(tool.state, 'runs', run_id, 'main.json'), 'started_at', HOUR_MS)
  const stream = follow('--session', 's')
  await stream.has('started', run_id)
  await tool.call(['session', 'stop', 's'])
  const { items } = jsonLines((await stream.ended).stdout)
  expect(items.map(({ event }) => event)).toEqual(['started', 'stopping', 'exited', 'session_stopped'])
  expect(jsonLines((await follow('--session', 's').ended).stdout).items).toEqual(items)
})

test('what lives in a session is followed, also where its last stop was recorded by a clock that was ahead', async () => {
  const { tool, follow } = world()
  const before = await tool.launch(SLEEPER, { session: 's' })
  await tool.call(['session', 'stop', 's'])
  const stops = join(tool.state, 'stops')
  for (const name of readdirSync(stops)) shift(join(stops, name), 'stopped_at', HOUR_MS)
  const { run_id } = await tool.launch(SLEEPER, { session: 's' })
  const stream = follow('--session', 's')
  await stream.has('started', run_id)
  await tool.call(['session', 'stop', 's'])
  const { items } = jsonLines((await stream.ended).stdout)
  expect(items.map(({ event }) => event)).toEqual(['started', 'stopping', 'exited', 'session_stopped'])
  expect(named(items, before.run_id)).toEqual([])
})

test('a stop that the end answers is told wherever the clock went; one that came after the end is none', async () => {
  const { tool } = world()
  const { run_id } = await tool.launch(SLEEPER, { session: 's' })
  await tool.call(['stop', run_id])
  const late = await tool.launch(['true'], { session: 's' })
  for (const ended of [run_id, late.run_id]) {
    await tool.endOf(ended)
    shift(join(tool.state, 'runs', ended, 'end.json'), 'ended_at', -HOUR_MS)
  }
  const stop = JSON.parse(readFileSync(join(tool.state, 'runs', run_id, 'stop.json'), 'utf8'))
  const of_late = JSON.stringify({ ...stop, run_id: late.run_id })
  writeFileSync(join(tool.state, 'runs', late.run_id, 'stop.json'), of_late)
  const { envelope } = await tool.call(['events', '--session', 's'])
  expect(named(envelope.data.events, run_id)).toEqual(['started', 'stopping', 'exited'])
  expect(named(envelope.data.events, late.run_id)).toEqual(['started', 'exited'])
})

test('a run whose records are removed is told to have ended, of the session that it was in', async () => {
  const { tool, follow } = world()
  const { run_id } = await tool.launch(SLEEPER, { session: 's' })
  const stream = follow('--session', 's')
  await stream.has('started', run_id)
  rmSync(join(tool.state, 'runs', run_id), { recursive: true })
  await stream.has('exited', run_id)
  expect(stream.items().at(-1)).toMatchObject({ event: 'exited', run_id, session_id: 's', at: null })
  stream.child.kill('SIGTERM')
  await stream.ended
})

test('without a session it begins with what lives, goes on over stopped sessions, and ends by a signal', async () => {
  const { tool, follow } = world()
  const past = await tool.launch(['true'], { session: 'a' })
  await tool.endOf(past.run_id)
  const living = await tool.launch(SLEEPER, { session: 'a' })
  const stream = follow()
  await stream.has('started', living.run_id)
  const next = await tool.launch(SLEEPER, { session: 'b' })
  await tool.call(['session', 'stop', 'a'])
  await stream.has('session_stopped', null)
  await tool.call(['stop', next.run_id])
  await stream.has('exited', next.run_id)
  stream.child.kill('SIGTERM')
  const { code, stdout } = await stream.ended
  expect(code).toBe(143)
  const { items, last } = jsonLines(stdout)
  expect(named(items, past.run_id)).toEqual([])
  expect(named(items, living.run_id)).toEqual(['started', 'stopping', 'exited'])
  expect(items.filter(({ event }) => event === 'session_stopped')).toMatchObject([{ session_id: 'a' }])
  expect(last).toMatchObject({ ok: false, error: { code: 'CANCELLED' }, data: { partial: true } })
})

test('what a run leaves behind is told after its end, one event a process', async () => {
  const { sandbox, tool, follow } = world()
  const stream = follow('--session', 's')
  // Its environment alone ties it to the run, so a stop leaves it alone the first time.
  const daemon = 'setsid -f sh -c \'echo up >"$1/up"; exec sleep 1000\' sh "$1"; exec sleep 1000'
  const { run_id } = await tool.launch(script(sandbox, 'daemon', daemon), { session: 's' })
  await until('the daemon', () => sandbox.survivors().some(({ command }) => command === 'sleep 1000'))
  const stopped = await tool.call(['stop', run_id])
  await stream.has('exited', run_id)
  const left = stopped.envelope.data.stopped[0].survivors
  if (left.length > 0) await stream.has('leftover', run_id)
  await tool.call(['stop', run_id])
  await tool.call(['session', 'stop', 's'])
  const { items } = jsonLines((await stream.ended).stdout)
  const told = items.filter(({ event }) => event === 'leftover')
  expect(told.map(({ pid, cmd }) => ({ pid, cmd, tried: false }))).toEqual(left)
  expect(named(items, run_id)).toEqual(['started', 'stopping', 'exited', ...told.map(() => 'leftover')])
})

test('a program that could not be started has an end and no beginning', async () => {
  const { tool } = world()
  const { envelope } = await tool.call(['launch', '--session', 's', '--', '/no/such/program'])
  const { run_id } = envelope.error.context
  const answer = checked(await tool.call(['events', '--session', 's']))
  expect(answer.data.events).toMatchObject([
    { event: 'exited', run_id, status: 'failed', exit_reason: 'start_failed', exit_code: null },
  ])
})

test('without --follow it is a list: oldest first, in pages, with a session filter that acts before the limit', async () => {
  const { tool } = world()
  expect(checked(await tool.call(['events'])).data.events).toEqual([])
  const runs = []
  for (const session of ['a', 'b', 'a']) runs.push(await tool.launch(['true'], { session }))
  for (const { run_id } of runs) await tool.endOf(run_id)
  const page = checked(await tool.call(['events', '--session', 'a', '--limit', '3']))
  expect(page.data.events.map(({ event, run_id }: Item) => [event, run_id])).toEqual([
    ['started', runs[0]?.run_id],
    ['exited', runs[0]?.run_id],
    ['started', runs[2]?.run_id],
  ])
  expect(page.meta.pagination).toMatchObject({ total: 4, returned: 3, has_more: true })
  const cursor = page.meta.pagination.next_cursor
  const rest = await tool.call(['events', '--session', 'a', '--limit', '3', '--cursor', cursor])
  expect(rest.envelope.data.events).toMatchObject([{ event: 'exited', run_id: runs[2]?.run_id }])
  const other = await tool.call(['events', '--session', 'b', '--cursor', cursor])
  expect([other.code, other.envelope.error.code]).toEqual([2, 'INVALID_CURSOR'])
  const table = await tool.call(['events', '--session', 'b', '--format', 'tsv'])
  expect(table.stdout.split('\n').map(line => line.split('\t')[0])).toEqual([
    'event',
    'started',
    'exited',
    '',
  ])
})

test('pages lose no end that nobody can time, and nothing that happens after it was told', async () => {
  const { sandbox, tool } = world()
  const root = openStateRoot(tool.state, 'LAUNCHER_STATE_DIR')
  const pageAfter = async (...cursor: string[]) => {
    const { data, meta } = checked(await tool.call(['events', '--limit', '2', ...cursor]))
    const told = data.events.map(({ event, run_id }: Item) => [event, run_id])
    return { told, ...meta.pagination, next: ['--cursor', meta.pagination.next_cursor] }
  }
  const [lost, other, third] = [
    await tool.launch(SLEEPER),
    await tool.launch(SLEEPER),
    await tool.launch(SLEEPER),
  ]
  const first = await pageAfter()
  expect(first.told).toEqual([
    ['started', lost.run_id],
    ['started', other.run_id],
  ])
  const owner = shimOf(sandbox, lost.run_id)
  const pids = [guardOf(sandbox, owner), owner, lost.background_pid]
  for (const pid of pids) process.kill(pid, 'SIGKILL')
  for (const pid of pids) await gone(pid)
  const { run_id: given_up } = recorded(root, { session_id: 'z', starter: await dead() })

  const second = await pageAfter(...first.next)
  expect(second.told).toEqual([
    ['started', third.run_id],
    ['exited', lost.run_id],
  ])
  expect(second).toMatchObject({ total: 5, returned: 2, has_more: true })

  const fourth = await tool.launch(SLEEPER)
  const rest = await pageAfter(...second.next)
  expect(rest).toMatchObject({ total: 6, returned: 2, has_more: false })
  expect(rest.told).toEqual([
    ['started', fourth.run_id],
    ['exited', given_up],
  ])
  await tool.call(['cleanup', '--all-sessions'])
})

test('people get a line an event, and what --follow cannot be combined with is refused', async () => {
  const { tool, follow } = world()
  const stream = follow('--session', 's', '--format', 'plain')
  const { run_id } = await tool.launch(['sh', '-c', 'exit 7'], { session: 's' })
  await tool.endOf(run_id)
  await tool.call(['session', 'stop', 's'])
  const lines = (await stream.ended).stdout.split('\n')
  expect(lines[0]).toMatch(new RegExp(`Z started +${run_id} pid=\\d+ cmd=sh -c exit 7$`))
  expect(lines[1]).toMatch(new RegExp(`Z exited +${run_id} status=failed exit_code=7 exit_reason=natural$`))
  expect(lines[2]).toMatch(/Z session_stopped s stopped=0$/)

  const refused = checked(await tool.call(['events', '-f', '--cursor', 'x', '--limit', '-1']))
  expect([refused.meta.exit_code, refused.error.errors.length]).toEqual([2, 2])
  const signalled = follow('--timeout', '300ms')
  expect((await signalled.ended).code).toBe(10)
})

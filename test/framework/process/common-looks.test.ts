import { expect, test } from 'vitest'
import { CommonLooks } from '../../../framework/process/common-looks.js'
import { openJournal } from '../../../framework/process/journal.js'
import { SnapshotTracking } from '../../../framework/process/snapshot.js'
import { type ProcessTable, readProcessTable } from '../../../framework/process/table.js'
import type { TrackingMethod, Tree } from '../../../framework/process/tracking.js'
import { identityOf, stage } from './stage.js'

const NOTHING: Tree = { members: [], marked_only: [] }

/** What happened, in order: `begin 1`, `read`, `finish 1`. */
function recorded(readTable: () => ProcessTable = () => new Map()) {
  const events: string[] = []
  const looks = new CommonLooks(() => {
    events.push('read')
    return readTable()
  })
  const method = (
    name: string | number,
    finish = (_table: ProcessTable): Tree => NOTHING,
  ): TrackingMethod => ({
    method: 'snapshot',
    complete: false,
    look: () => finish(new Map()),
    beginLook() {
      events.push(`begin ${name}`)
      return table => {
        events.push(`finish ${name}`)
        return finish(table)
      }
    },
  })
  return { events, looks, method }
}

test('those who ask in one turn of the event loop share a table, read after each has verified what it knows', async () => {
  const { events, looks, method } = recorded()
  await Promise.all([1, 2, 3].map(name => looks.look(method(name), true)))
  expect(events).toEqual(['begin 1', 'begin 2', 'begin 3', 'read', 'finish 1', 'finish 2', 'finish 3'])
})

test('who asks after a table was read gets another one', async () => {
  const { events, looks, method } = recorded()
  await looks.look(method(1), true)
  await looks.look(method(1), true)
  expect(events.filter(event => event === 'read')).toHaveLength(2)
  // One who asks while others are being told, too.
  let second: Promise<unknown> | null = null
  const asks = method('first', () => {
    second ??= looks.look(method('second'), true)
    return NOTHING
  })
  await looks.look(asks, true)
  await second
  expect(events.slice(-6)).toEqual([
    'begin first',
    'read',
    'finish first',
    'begin second',
    'read',
    'finish second',
  ])
})

test('a hundred that ask at once go by several tables, for what a signal goes by may not be old', async () => {
  const { events, looks, method } = recorded()
  await Promise.all(Array.from({ length: 101 }, (_, n) => looks.look(method(n), true)))
  expect(events.filter(event => event === 'read')).toHaveLength(3)
  expect(events.filter(event => event.startsWith('finish'))).toHaveLength(101)
})

test('who waits for an end takes those along who only look now and then', async () => {
  const { events, looks, method } = recorded(() => {
    const until = performance.now() + 50
    while (performance.now() < until);
    return new Map()
  })
  await looks.look(method('first'), true)
  const usual = looks.look(method('usual'), false)
  await Promise.all([looks.look(method('awaited'), true), usual])
  expect(events.slice(3)).toEqual(['begin usual', 'begin awaited', 'read', 'finish usual', 'finish awaited'])
})

test('one look that fails fails nobody else, and a table that cannot be read fails all that asked', async () => {
  const { looks, method } = recorded()
  const broken: TrackingMethod = {
    ...method('broken'),
    beginLook() {
      throw new Error('EMFILE')
    },
  }
  const unfinished = method('unfinished', () => {
    throw new Error('EIO')
  })
  const [first, second, third] = await Promise.allSettled(
    [broken, unfinished, method('whole')].map(each => looks.look(each, true)),
  )
  expect(first).toMatchObject({ reason: { message: 'EMFILE' } })
  expect(second).toMatchObject({ reason: { message: 'EIO' } })
  expect(third).toMatchObject({ value: { tree: NOTHING } })
  const blind = recorded(() => {
    throw new Error('ENFILE')
  })
  const failed = await Promise.allSettled([1, 2].map(name => blind.looks.look(blind.method(name), true)))
  expect(failed).toMatchObject([{ reason: { message: 'ENFILE' } }, { reason: { message: 'ENFILE' } }])
  await expect(blind.looks.look(blind.method('again'), true)).rejects.toThrow('ENFILE')
})

test('a method that asks the kernel about its own processes alone is asked at once', async () => {
  const { events, looks } = recorded()
  const method: TrackingMethod = {
    method: 'subreaper',
    complete: true,
    look() {
      events.push('look')
      return NOTHING
    },
  }
  const asked = looks.look(method, false)
  expect(events).toEqual(['look'])
  expect((await asked).tree).toBe(NOTHING)
})

test('runs that look together find each its own', async () => {
  let reads = 0
  const looks = new CommonLooks(() => {
    reads += 1
    return readProcessTable()
  })
  const mains = ['a', 'b', 'c'].map(name => stage.shell(`sleep 600 & echo $! > "$D/${name}"; wait`).pid)
  const children = await Promise.all(['a', 'b', 'c'].map(name => stage.pidIn(name)))
  const trackings = mains.map(
    (main, index) =>
      new SnapshotTracking({
        main: identityOf(main),
        marker: { name: 'STAGE_RUN', value: String(index) },
        journal: openJournal(stage.path(`seen.${index}`)),
        exclude: [],
        isRun: () => false,
      }),
  )
  const found = await Promise.all(trackings.map(tracking => looks.look(tracking, true)))
  expect(reads).toBe(1)
  const pids = found.map(({ tree }) => tree.members.map(({ identity }) => identity.pid).sort((a, b) => a - b))
  expect(pids).toEqual(mains.map((main, index) => [main, children[index] ?? 0].sort((a, b) => a - b)))
})

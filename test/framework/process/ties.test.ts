import { expect, test } from 'vitest'
import type { ProcessStat } from '../../../framework/process/stat.js'
import { findTied, type TieQuestion } from '../../../framework/process/ties.js'

/** A process of a table, as the kernel could show it. */
function stat(pid: number, over: Partial<ProcessStat> = {}): ProcessStat {
  const ppid = over.ppid ?? 1
  return {
    pid,
    comm: 'p',
    state: 'S',
    ppid,
    pgid: pid,
    sid: pid,
    tty: 0,
    threads: 1,
    start_time: pid * 10,
    ...over,
  }
}

/** Asks with `verified` given as pids that were alive with the start times that `stat` gives them. */
function ask(
  stats: readonly ProcessStat[],
  verified: readonly number[],
  bearers: readonly (readonly [number, number])[] = [],
  admits: TieQuestion['admits'] = () => true,
  marked: readonly number[] = [],
  in_exec: readonly number[] = [],
  adopter: TieQuestion['adopter'] = null,
) {
  const ties = findTied({
    table: new Map(stats.map(one => [one.pid, one])),
    verified: new Map(verified.map(pid => [pid, pid * 10])),
    bearers: new Map(bearers.map(([pid, start]) => [pid, new Set([start])])),
    adopter,
    admits,
    isMarked: one => marked.includes(one.pid),
    isInExec: one => in_exec.includes(one.pid),
  })
  return { ...ties, pids: [...ties.members.keys()].sort((a, b) => a - b) }
}

const MAIN = stat(100)

test('follows parent links to any depth', () => {
  const tree = [MAIN, stat(101, { ppid: 100 }), stat(102, { ppid: 101 }), stat(103, { ppid: 102 }), stat(500)]
  expect(ask(tree, [100]).pids).toEqual([100, 101, 102, 103])
})

test('finds a process whose parent has gone by the group or the session of the main process', () => {
  const tree = [MAIN, stat(101, { pgid: 100, sid: 100 }), stat(102, { sid: 100 })]
  expect(ask(tree, [100], [[100, 1000]]).pids).toEqual([100, 101, 102])
})

test('does not take the group and session of the caller for the run’s where the main process leads none', () => {
  const shell = stat(50)
  const ours = stat(60, { ppid: 50, pgid: 60, sid: 50 })
  const main = stat(100, { ppid: 60, pgid: 60, sid: 50 })
  const tree = [shell, ours, main, stat(101, { ppid: 100, pgid: 60, sid: 50 })]
  expect(ask(tree, [100], [[100, 1000]]).pids).toEqual([100, 101])
})

test('counts the group and session of a dead leader while a verified member is inside', () => {
  const tree = [stat(101, { pgid: 100, sid: 100 }), stat(102, { pgid: 100, sid: 100 })]
  expect(ask(tree, [101], [[100, 1000]]).pids).toEqual([101, 102])
})

test('takes what the adopter of a run’s orphans has since the run began, and no child of another by its pid', () => {
  const owner = stat(50)
  const tree = [owner, stat(60, { ppid: 50 }), stat(101, { ppid: 50 }), stat(102, { ppid: 101 })]
  const adopted = (start_time: number, table = tree) =>
    ask(table, [], [], undefined, [], [], { pid: 50, start_time, since: 1000 }).pids
  expect(adopted(500)).toEqual([101, 102])
  expect(adopted(500, tree.slice(1))).toEqual([101, 102])
  expect(adopted(499)).toEqual([])
})

test('counts nothing by a number alone once nobody verified is inside: it may be a stranger’s by now', () => {
  const strangers = [stat(100, { start_time: 9999 }), stat(101, { pgid: 100, sid: 100, ppid: 100 })]
  expect(ask(strangers, [], [[100, 1000]]).pids).toEqual([])
  expect(ask(strangers, [100], [[100, 1000]]).pids).toEqual([])
  expect(ask([stat(101, { pgid: 100, sid: 100 })], [], [[100, 1000]]).pids).toEqual([])
})

test('believes a number alone where the marker confirms it, and then for all who bear it', () => {
  const late = stat(101, { pgid: 100, sid: 100 })
  const its_peer = stat(102, { pgid: 102, sid: 100 })
  expect(ask([late, its_peer], [], [[100, 1000]], undefined, [101]).pids).toEqual([101, 102])
  expect(ask([late, its_peer], [], [], undefined, [101]).pids).toEqual([])
})

test('is undecided about who may show the marker in a moment, and keeps the number until that is told', () => {
  const peer = stat(101, { pgid: 100, sid: 100 })
  const { pids, undecided, bearers } = ask([peer], [], [[100, 1000]], undefined, [], [101])
  expect({ pids, undecided }).toEqual({ pids: [], undecided: [peer] })
  expect(bearers).toEqual(new Map([[100, new Set([1000])]]))
  const told = ask([peer], [], [[100, 1000]])
  expect(told).toMatchObject({ pids: [], undecided: [] })
  expect(told.bearers).toEqual(new Map())
})

test('is decided where a peer shows the marker, and by none that is older or bears another’s number', () => {
  const in_exec = [101]
  const late = stat(101, { pgid: 100, sid: 100 })
  const marked = stat(102, { pgid: 100, sid: 100 })
  expect(ask([late, marked], [], [[100, 1000]], undefined, [102], in_exec)).toMatchObject({
    pids: [101, 102],
    undecided: [],
  })
  const older = { ...late, start_time: 999 }
  const stranger = stat(100, { start_time: 9999 })
  expect(ask([older], [], [[100, 1000]], undefined, [], in_exec).undecided).toEqual([])
  expect(ask([stranger, late], [], [[100, 1000]], undefined, [], in_exec).undecided).toEqual([])
  expect(ask([late], [], [], undefined, [], in_exec).undecided).toEqual([])
})

test('does not believe even a marked process once the number is another process’s', () => {
  const shared_daemon = stat(100, { start_time: 9999 })
  const its_child = stat(101, { pgid: 100, sid: 100, ppid: 100, start_time: 9999 })
  expect(ask([shared_daemon, its_child], [], [[100, 1000]], undefined, [100, 101]).pids).toEqual([])
})

test('counts a group by its leader’s zombie, which still holds the number', () => {
  const zombie = stat(100, { state: 'Z' })
  expect(ask([zombie, stat(101, { pgid: 100, sid: 100 })], [], [[100, 1000]]).pids).toEqual([101])
})

test('finds the children of a member that ended while the table was read', () => {
  const orphan_to_be = stat(101, { ppid: 100 })
  expect(ask([orphan_to_be], [100]).pids).toEqual([101])
  const zombie = stat(100, { state: 'Z' })
  expect(ask([zombie, orphan_to_be], [100]).pids).toEqual([101])
})

test('does not take a process for the child of one that started after it', () => {
  expect(ask([MAIN, stat(99, { ppid: 100 })], [100]).pids).toEqual([100])
  expect(ask([stat(99, { ppid: 100 })], [100]).pids).toEqual([])
})

test('never returns a process that has exited, but one that works on without its first thread', () => {
  const tree = [
    MAIN,
    stat(101, { ppid: 100, state: 'Z' }),
    stat(102, { ppid: 100, state: 'X' }),
    stat(103, { ppid: 100, state: 'Z', threads: 2 }),
  ]
  expect(ask(tree, [100]).pids).toEqual([100, 103])
})

test('leaves out what is not admitted, with all that hangs on it, and names it', () => {
  const tree = [MAIN, stat(101, { ppid: 100 }), stat(102, { ppid: 101 }), stat(103, { ppid: 100 })]
  const { pids, refused } = ask(tree, [100], [], one => one.pid !== 101)
  expect(pids).toEqual([100, 103])
  expect(refused.map(one => one.pid)).toEqual([101])
})

test('does not count a group or session that belongs to something not admitted', () => {
  const nested = stat(101, { ppid: 100 })
  const tree = [MAIN, nested, stat(102, { pgid: 101, sid: 101 })]
  const bearers = [
    [100, 1000],
    [101, 1010],
  ] as const
  expect(ask(tree, [100, 101], bearers, one => one.pid !== 101).pids).toEqual([100])
})

test('remembers the numbers that still count, and forgets the others', () => {
  const tree = [stat(101, { pgid: 100, sid: 100 }), stat(102, { ppid: 101 })]
  const { bearers } = ask(
    tree,
    [101],
    [
      [100, 1000],
      [300, 3000],
    ],
  )
  expect([...bearers.keys()].sort()).toEqual([100, 101, 102])
  expect(bearers.get(100)).toEqual(new Set([1000]))
})

test('follows a group that a descendant founded', () => {
  const tree = [
    MAIN,
    stat(101, { ppid: 100, pgid: 101, sid: 101 }),
    stat(102, { ppid: 1, pgid: 101, sid: 101 }),
    stat(103, { ppid: 1, pgid: 103, sid: 101 }),
    stat(104, { ppid: 103, pgid: 104, sid: 104 }),
  ]
  expect(ask(tree, [100]).pids).toEqual([100, 101, 102, 103, 104])
})

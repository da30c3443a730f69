/** Whatever ends a call, no descendant of its children outlives it, wherever it went. */
import { expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { seen } from '../harness/seen.js'
import { until } from '../harness/until.js'
import { isAlive } from '../harness/witness.js'
import { envelopesIn, go, gone, living, log, logged, note, pidIn, probe } from './probe.js'

/** Each writes its pid: the ways in which a process leaves the one that started it. */
const PLACES = ['group', 'session', 'orphan', 'daemon', 'stubborn'] as const

const UNTIL_SEEN = 'until [ -e seen ]; do sleep 0.1; done'

/** The middle of an orphan, and the main process, live until all were seen; see the last test for one that does not. */
const FAMILY = `
sleep 1000 & echo $! > group
setsid sleep 1000 & echo $! > session
sh -c 'sleep 1000 & echo $! > orphan; ${UNTIL_SEEN}; echo orphaned >> log' &
setsid sh -c 'sleep 1000 & echo $! > daemon; ${UNTIL_SEEN}; echo daemonised >> log' &
sh -c 'trap "" TERM; echo $$ > stubborn; while :; do sleep 0.1; done' &
`

async function family(sandbox: Sandbox): Promise<number[]> {
  const pids = await Promise.all(PLACES.map(place => pidIn(sandbox, place)))
  await seen(sandbox.path, pids)
  sandbox.file('seen', '')
  await logged(sandbox, 'orphaned')
  await logged(sandbox, 'daemonised')
  return pids
}

const LEAVING = `await ctx.run(['sh', '-c', ${JSON.stringify(`${FAMILY}\n${UNTIL_SEEN}\nexit 0`)}])
  while (!existsSync(join(here, 'end'))) await pause(10)`
const STAYING = `await ctx.run(['sh', '-c', ${JSON.stringify(`${FAMILY}\nwait; sleep 1000`)}])`

for (const [how, end, code] of [
  ['an ordinary end', 'return {}', 0],
  ['a thrown exit', `throw ctx.exit.GENERAL_ERROR('no')`, 1],
] as const) {
  test(`REQ-F-030: after ${how} no descendant of a tracked child is alive, though its main process left them behind`, async () => {
    const sandbox = Sandbox.create()
    const { answer } = go(sandbox, probe(sandbox, `${LEAVING}\n${end}`))
    const pids = await family(sandbox)
    expect(pids.filter(isAlive)).toEqual(pids)
    note(sandbox, 'end')
    sandbox.file('end', '')
    const { code: exit_code, stdout } = await answer
    // Not a moment later: the answer says that they have ended.
    expect(pids.filter(isAlive)).toEqual([])
    expect(exit_code, stdout).toBe(code)
    expect(envelopesIn(stdout)).toHaveLength(1)
    await sandbox.nothingLeft()
  })
}

for (const [how, argv, signal, code] of [
  ['the time limit of the call', ['--timeout', '20s'], null, 10],
  ['SIGTERM', [], 'SIGTERM', 143],
  ['SIGINT', [], 'SIGINT', 130],
  ['SIGHUP', [], 'SIGHUP', 129],
] as const) {
  test(`REQ-F-030, REQ-F-031: after ${how} no descendant of a tracked child is alive when the answer is there`, async () => {
    const sandbox = Sandbox.create()
    const { child, answer } = go(sandbox, probe(sandbox, STAYING), argv)
    const pids = await family(sandbox)
    expect(pids.filter(isAlive)).toEqual(pids)
    if (signal) child.kill(signal)
    const { code: exit_code, stdout } = await answer
    expect(pids.filter(isAlive)).toEqual([])
    expect(exit_code, stdout).toBe(code)
    expect(envelopesIn(stdout)).toHaveLength(1)
    await sandbox.nothingLeft()
  })
}

test('after SIGKILL of the call its guard ends every descendant of its tracked children', async () => {
  const sandbox = Sandbox.create()
  const { child, answer } = go(sandbox, probe(sandbox, STAYING))
  const pids = await family(sandbox)
  child.kill('SIGKILL')
  expect((await answer).stdout).toBe('')
  for (const pid of pids) await gone(pid)
  await sandbox.nothingLeft()
})

test('SIGKILL of the call at any moment leaves no process behind', async () => {
  const script = `
    await Promise.all(Array.from({ length: 5 }, (_, n) =>
      ctx.run(['sh', '-c', 'setsid sleep 1000 & sleep 1000 & echo running >> log; wait'])))
    return {}`
  // From the first breath of the process to well after its children run.
  for (let round = 0; round < 11; round += 1) {
    const sandbox = Sandbox.create()
    const { child, answer } = go(sandbox, probe(sandbox, script))
    if (round < 6) {
      await new Promise(resolve => setTimeout(resolve, 50 + round * 60))
    } else {
      // Right at the first, second … start.
      await until('a child', () => log(sandbox).length > round - 6)
    }
    child.kill('SIGKILL')
    await answer
    await sandbox.nothingLeft()
  }
})

test('the timeout of one child ends its whole tree before ctx.run answers, and the call goes on', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `const slow = await ctx.run(['sh', '-c', 'setsid sleep 1000 & echo $! > session; sleep 1000'], { timeout_ms: 10_000 })
     const left = isThere(readFileSync(join(here, 'session'), 'utf8').trim())
     const next = await ctx.run(['echo', 'next'])
     return { slow, left, next: next.stdout }`,
  )
  const { code, envelope } = await go(sandbox, script).answer
  expect(code, JSON.stringify(envelope)).toBe(0)
  expect(envelope.data).toMatchObject({
    slow: { timed_out: true, exit_code: null, signal: 'SIGTERM' },
    left: false,
    next: 'next\n',
  })
  await sandbox.nothingLeft()
})

test('a daemon that only its environment still ties to the call is not killed, and the answer names it', async () => {
  const sandbox = Sandbox.create()
  // Forked twice and gone from its session before anybody could look: the shape of daemons that others come to share.
  const script = probe(
    sandbox,
    `await ctx.run(['setsid', '-f', 'sh', '-c', 'echo $$ > daemon; exec sleep 1000'])
     const named = () => readFileSync('/proc/' + readFileSync(join(here, 'daemon'), 'utf8').trim() + '/cmdline', 'utf8')
     while (!existsSync(join(here, 'daemon')) || !named().startsWith('sleep')) await pause(5)
     return {}`,
  )
  const { code, envelope } = await go(sandbox, script).answer
  expect(code).toBe(0)
  const pid = await pidIn(sandbox, 'daemon')
  if (isAlive(pid)) {
    expect(envelope.warnings).toMatchObject([
      { code: 'PROCESSES_LEFT', context: { processes: [{ pid, cmd: 'sleep 1000' }] } },
    ])
    expect(living(sandbox, 'sleep 1000').map(seen => seen.pid)).toEqual([pid])
    process.kill(pid, 'SIGKILL')
  } else {
    // It was seen in time after all, and ended.
    expect(envelope.warnings).toEqual([])
  }
  await sandbox.nothingLeft()
})

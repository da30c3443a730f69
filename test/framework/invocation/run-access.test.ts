/** `ctx.runs`: what an author's own cleanup command finds and stops. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { CommandExit } from '../../../framework/invocation/command-exit.js'
import { until } from '../../e2e/harness/until.js'
import { isAlive } from '../../e2e/harness/witness.js'
import { embedded, type Handler, world } from './embedded.js'

/** A tool whose command `holds` has one child until somebody ends it; `asks` is the test's question. */
async function holding(asks: Handler) {
  const { env } = world()
  const tool = await embedded({
    holds: async ctx => ({ ...(await ctx.run(['sh', '-c', 'sleep 1000 & exec sleep 1000'])) }),
    asks,
  })
  const held = tool.call(['holds', '--session', 's1'], { env })
  const ask = async () => {
    const { envelope } = await tool.call(['asks'], { env })
    if (!envelope?.ok) throw new Error(JSON.stringify(envelope))
    return envelope.data
  }
  return { held, ask }
}

const tried = async (attempt: () => Promise<unknown>): Promise<unknown> => {
  try {
    return await attempt()
  } catch (error) {
    const { details, exit_code } = error as CommandExit
    return [details.code, exit_code]
  }
}

test('a live run is found by its id, a prefix of it, its session, its command, and by what fits all of these', async () => {
  const { held, ask } = await holding(async ctx => {
    const [run] = await until('the run', async () => {
      const runs = await ctx.runs.live({ command: 'holds' })
      return runs[0]?.pid ? runs : null
    })
    if (!run) throw new Error('none')
    const count = async (which: Parameters<typeof ctx.runs.live>[0]) => (await ctx.runs.live(which)).length
    const counts = [
      await count({}),
      await count({ run: run.run_id }),
      await count({ run: run.run_id.slice(0, 4), session: 's1', command: 'holds' }),
      await count({ session: 's2' }),
      await count({ command: 'asks' }),
      await count({ run: '0'.repeat(12) }),
      // Less than a prefix names no run; nothing at all least of all.
      await count({ run: run.run_id.slice(0, 3) }),
      await count({ run: '' }),
    ]
    const alive = isAlive(run.pid ?? 0)
    const stopped = await ctx.runs.stop([run.run_id], { grace_ms: 1_000 })
    return { run, counts, alive, stopped, after: await count({}), gone: !isAlive(run.pid ?? 0) }
  })
  const data = await ask()
  expect(data).toMatchObject({
    run: { session_id: 's1', command: 'holds', name: null },
    counts: [1, 1, 1, 0, 0, 0, 0, 0],
    alive: true,
    stopped: [{ outcome: 'stopped', stop_cause: 'user', survivors: [] }],
    after: 0,
    gone: true,
  })
  expect((await held).envelope?.data).toMatchObject({ signal: 'SIGTERM', timed_out: false })
})

test('ids that name no run, or could lead out of the records, are refused, and nothing else is stopped', async () => {
  const { held, ask } = await holding(async ctx => {
    const [run] = await until('the run', async () => {
      const runs = await ctx.runs.live()
      return runs[0]?.pid ? runs : null
    })
    const id = run?.run_id ?? ''
    const outcomes = []
    for (const ids of [['0'.repeat(12)], ['../../etc'], [id.slice(0, 4)], [''], [id, '0'.repeat(12)]])
      outcomes.push(await tried(() => ctx.runs.stop(ids)))
    const graces = []
    for (const grace_ms of [Number.NaN, -1, Number.POSITIVE_INFINITY])
      graces.push(await tried(() => ctx.runs.stop([id], { grace_ms })))
    const alive = isAlive(run?.pid ?? 0)
    const none = await ctx.runs.stop([])
    await ctx.runs.stop([id])
    return { outcomes, graces, alive, none, again: await ctx.runs.stop([id]) }
  })
  expect(await ask()).toMatchObject({
    outcomes: Array(5).fill(['RUN_NOT_FOUND', 5]),
    graces: Array(3).fill(['GRACE_INVALID', 1]),
    alive: true,
    none: [],
    again: [{ outcome: 'already_ended' }],
  })
  await held
})

test('where nothing was ever recorded nothing is found, and looking leaves nothing behind', async () => {
  const { env, path } = world()
  const tool = await embedded({ asks: async ctx => ({ runs: [...(await ctx.runs.live())] }) })
  const { envelope } = await tool.call(['asks'], { env })
  expect(envelope?.data).toEqual({ runs: [] })
  const { existsSync } = await import('node:fs')
  expect(existsSync(`${path}/state`)).toBe(false)
})

test('a run is found by its id or a prefix of it, live and ended; what names none, or several, is refused', async () => {
  const { held, ask } = await holding(async ctx => {
    const [run] = await until('the run', async () => {
      const runs = await ctx.runs.live({ command: 'holds' })
      return runs[0]?.pid ? runs : null
    })
    const id = run?.run_id ?? ''
    const live = await ctx.runs.find(id.slice(0, 11))
    await ctx.runs.stop([id])
    const ended = await ctx.runs.find(id)
    const refused = []
    for (const name of ['0'.repeat(12), id.slice(0, 3), '../../etc', ''])
      refused.push(await tried(() => ctx.runs.find(name)))
    // A directory comes before its first record: it has an id to tell from others, and is no run yet.
    const other = id.slice(0, 11) + (id.endsWith('0') ? '1' : '0')
    mkdirSync(join(ctx.env['EMBEDDED_STATE_DIR'] ?? '', 'runs', other), { mode: 0o700 })
    for (const name of [id.slice(0, 11), other]) refused.push(await tried(() => ctx.runs.find(name)))
    return { is_named: live.run_id === id && ended.run_id === id, live, ended, refused }
  })
  const run = { session_id: 's1', command: 'holds', name: null }
  const unknown = ['RUN_NOT_FOUND', 5]
  expect(await ask()).toMatchObject({
    is_named: true,
    live: run,
    ended: run,
    refused: [unknown, unknown, unknown, unknown, ['AMBIGUOUS_RUN', 2], unknown],
  })
  await held
})

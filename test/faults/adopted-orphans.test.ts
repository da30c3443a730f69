/**
 * Orphans that come to an owner. Its run's end by the hundred around the end of the main process: they are reaped, and
 * that end is told exactly. Those of what it had for children before are none of its run's.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { CHAPERONE } from '../e2e/harness/sandbox.js'
import { until } from '../e2e/harness/until.js'
import { reportOf } from '../e2e/run/calls.js'
import { inBatches } from './harness/batches.js'
import { inEveryWay } from './harness/ways.js'
import { program, World } from './harness/world.js'

const ORPHANS = 400
/** After the orphans, in ms: from before the first of them is reaped to after the last. */
const AFTER_MS = Array.from({ length: 24 }, (_, index) => index * 4)
const CODE = 7

const is_given = inject('has_subreaper')

test.skipIf(!is_given)(
  `a program that ends among its orphans is told by its own code${is_given ? '' : ', where they are adopted'}`,
  async () => {
    const world = World.create('subreaper')
    const answers = await inBatches(AFTER_MS, 2, after_ms =>
      world.call([
        'run',
        '--grace',
        '1m',
        '--',
        program('end-among'),
        String(ORPHANS),
        String(after_ms * 1_000),
        String(CODE),
      ]),
    )
    for (const answer of answers) {
      expect(answer.code, answer.stderr).toBe(CODE)
      expect(reportOf(answer).data).toMatchObject({
        exit_code: CODE,
        signal: null,
        exit_reason: 'natural',
        background_processes: [],
        tracking: { complete: true },
      })
    }
    await world.nothingLeft()
  },
)

inEveryWay(['run'], ({ method }) => {
  test('what a child of the shell leaves behind, whose place run took by exec, is neither reported nor ended', async () => {
    const world = World.create(method)
    const server = '(until [ -e begun ]; do sleep 0.05; done; sleep 3600 & : >left)'
    const program = 'touch begun; until [ -e left ]; do sleep 0.05; done'
    const options = '--on-leftover terminate --grace 1s'
    const run = `'${process.execPath}' '${CHAPERONE}' run ${options} -- sh -c '${program}; exit 0'`
    const answer = await world.sh(`${server} & exec ${run}`)
    expect(answer.code, answer.stderr).toBe(0)
    expect(existsSync(join(world.path, 'left'))).toBe(true)
    expect(reportOf(answer).data).toMatchObject({
      tracking: { method: 'snapshot', complete: false },
      background_processes: [],
      descendants_killed: 0,
    })
    const left = await until('the shell to have ended, and nothing else', async () => {
      const survivors = await world.survivors()
      return survivors.map(({ comm }) => comm).join() === 'sleep' ? survivors : null
    })
    for (const one of left) await world.witness.kill(one, 'SIGKILL')
    await world.nothingLeft()
  })
})

/** Orphans end by the hundred around the end of the main process: their owner reaps them, and its end is told exactly. */
import { expect, inject, test } from 'vitest'
import { reportOf } from '../e2e/run/calls.js'
import { inBatches } from './harness/batches.js'
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

import { expect, test } from 'vitest'
import { AbortOnDemand } from '../../../framework/process/abort-on-demand.js'
import type { TrackingMethod } from '../../../framework/process/tracking.js'
import { awaitDescendants } from '../../../framework/runs/await-descendants.js'
import { identityOf, stage } from '../process/stage.js'

/** Of a host that has no file to spare for the first looks, and then shows one process. */
function blindAtFirst(looks: number, pid: number): TrackingMethod {
  const { ppid, pgid, sid } = { ppid: process.pid, pgid: pid, sid: pid }
  let failed = 0
  return {
    method: 'snapshot',
    complete: false,
    look() {
      failed += 1
      if (failed <= looks) throw Object.assign(new Error('file table overflow'), { code: 'ENFILE' })
      return { members: [{ identity: identityOf(pid), ppid, pgid, sid, state: 'S' }], marked_only: [] }
    },
  }
}

test('who could not look when the time was over looks again, before anything is said to be left or not', async () => {
  const { pid } = stage.shell('exec sleep 600')
  const failures: unknown[] = []
  const waited = await awaitDescendants(blindAtFirst(3, pid), 0, new AbortOnDemand(), error => {
    failures.push(error)
  })
  expect(failures).toHaveLength(3)
  expect(waited).toMatchObject({ found_any: true, left: [{ identity: { pid } }] })
})

test('who is told to stop waiting says what is known', async () => {
  const { pid } = stage.shell('exec sleep 600')
  const stop = new AbortOnDemand()
  stop.abort()
  const waited = await awaitDescendants(blindAtFirst(3, pid), 60_000, stop, () => {})
  expect(waited).toMatchObject({ found_any: false, left: [] })
})

/** What all runtimes have in common whose runs an owner of ours holds: it answers for them through their records. */
import { look } from '../process/liveness.js'
import { readMain } from '../runs/records.js'
import { viewRun } from '../runs/status.js'
import { stopRuns } from '../runs/stop.js'
import { waitForRuns } from '../runs/wait-for-runs.js'
import type { RuntimeAdapter } from './adapter.js'

export const HELD_BY_OWNER: Pick<RuntimeAdapter, 'stop' | 'is_alive' | 'wait'> = {
  async stop({ root, run_id }, options) {
    const [stopped] = await stopRuns(root, [run_id], options)
    if (!stopped) throw new Error(`run ${run_id} was not stopped`)
    return stopped
  },
  is_alive({ root, run_id }) {
    const main = readMain(root, run_id)
    return main.state === 'ok' && look(main.record.main) === 'alive'
  },
  async wait({ root, run_id }, signal) {
    await waitForRuns(root, [run_id], signal)
    return viewRun(root, run_id)
  },
}

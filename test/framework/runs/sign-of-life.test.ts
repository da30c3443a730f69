import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { OwnerWatch } from '../../../framework/runs/sign-of-life.js'
import { viewRun } from '../../../framework/runs/status.js'
import { claimed, living, recorded, temporaryRoot } from './state.js'

test('an owner that does a little now and then is waited for, one that does nothing is not', async () => {
  const root = temporaryRoot()
  const watchOver = async (program: readonly [string, ...string[]]): Promise<OwnerWatch> => {
    const { run_id } = recorded(root)
    const { identity } = await living(program)
    claimed(root, run_id, { owner: identity })
    return new OwnerWatch(root, viewRun(root, run_id), 0)
  }
  const at_work = await watchOver(['sh', '-c', 'while sleep 0.3; do :; done'])
  const hung = await watchOver(['sleep', '3600'])
  const verdicts = { at_work: false, hung: false }
  for (; !verdicts.hung; await pause(10)) {
    verdicts.at_work ||= at_work.isHung()
    verdicts.hung = hung.isHung()
  }
  expect(verdicts).toEqual({ at_work: false, hung: true })
})

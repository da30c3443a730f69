import { expect, test } from 'vitest'
import { refusals, sound, stop, watcher } from '../contracts.js'

test("a command whose stdio is a program's leaves no background process", async () => {
  expect(await refusals(sound({ delegates_stdio: true }))).toEqual([])
  expect(await refusals(watcher({ delegates_stdio: false }), stop())).toEqual([])
  expect(await refusals(watcher({ delegates_stdio: true }), stop())).toEqual([
    'LIFECYCLE_CONFLICT delegates_stdio',
  ])
})

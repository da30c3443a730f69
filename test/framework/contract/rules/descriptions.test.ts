import { expect, test } from 'vitest'
import { refusals, sound } from '../contracts.js'

test.each(['', ' ', '\n\t'])('a description cannot be %j', async description => {
  expect(await refusals(sound({ description }))).toEqual(['DESCRIPTION_EMPTY description'])
  expect(await refusals(sound({ flags: { dir: { type: 'string', description } } }))).toEqual([
    'DESCRIPTION_EMPTY flags.dir.description',
  ])
})

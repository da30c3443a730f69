import { expect, test } from 'vitest'
import { refusals, sound, success } from '../contracts.js'

const own = { description: 'It failed', retryable: false, side_effects: 'none', code: 80 }
const exits = (exit_codes: unknown) => refusals(sound({ exit_codes }))

test.each(['own', '80', 'Not_Found', 'A__B', '_A', 'A-B', '__proto__'])('%j is no exit name', async name => {
  const exit_codes = Object.fromEntries([
    ['SUCCESS', success],
    [name, own],
  ])
  expect(await exits(exit_codes)).toEqual([`EXIT_NAME_MALFORMED exit_codes.${name}`])
})

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('%s belongs to the framework', async name => {
  expect(await exits({ SUCCESS: success, [name]: own })).toEqual([`EXIT_NAME_RESERVED exit_codes.${name}`])
})

import { expect, test } from 'vitest'
import { assertPlatform, platformFault } from '../../../framework/process/platform.js'
import { runElsewhere } from './elsewhere.js'
import { canUnshare } from './witness.js'

const ASK = `
import { assertPlatform, platformFault } from './framework/process/platform.js'
import { self } from './framework/process/identity.js'
let thrown = null
try { self() } catch (error) { thrown = [error.code, error.reason] }
console.log(JSON.stringify({ fault: platformFault()?.reason ?? null, thrown }))`

test('finds nothing wrong with this machine', () => {
  expect(platformFault()).toBeNull()
  expect(() => assertPlatform()).not.toThrow()
})

test.skipIf(!canUnshare)('refuses a /proc of another PID namespace, whose pids are other processes', () => {
  expect(runElsewhere(ASK, ['unshare', '--pid', '--fork'])).toEqual({
    fault: 'foreign_proc',
    thrown: ['PLATFORM_UNSUPPORTED', 'foreign_proc'],
  })
})

test.skipIf(!canUnshare)('accepts a PID namespace with a /proc of its own', () => {
  expect(runElsewhere(ASK, ['unshare', '--pid', '--fork', '--mount-proc'])).toEqual({
    fault: null,
    thrown: null,
  })
})

test.skipIf(!canUnshare)('refuses a machine without /proc', () => {
  const hide = ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs none /proc && exec "$@"', 'hide']
  expect(runElsewhere(ASK, hide)).toEqual({ fault: 'no_proc', thrown: ['PLATFORM_UNSUPPORTED', 'no_proc'] })
})

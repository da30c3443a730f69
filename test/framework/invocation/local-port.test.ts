/** Who listens at a port, as told by a process that gets a core only now and then. */
import { expect, test } from 'vitest'
import { isTaken } from '../../../framework/invocation/local-port.js'
import { freePort } from '../../e2e/start/ports.js'
import { noCoreFor } from '../process/no-core.js'

test('a port at which nobody listens is not taken, also where no core was there to hear that', async () => {
  const port = await freePort()
  const asked = isTaken(port)
  // Longer than a connection may wait to be accepted.
  noCoreFor(700)
  expect(await asked).toBe(false)
})

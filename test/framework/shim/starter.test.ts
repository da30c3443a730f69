import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { CONFIRMATION } from '../../../framework/shim/handshake.js'
import { Starter } from '../../../framework/shim/starter.js'

/** Two ends of one connection: the starter's socket, and the shim's view of it. */
async function pair(): Promise<{ socket: Socket; starter: Starter }> {
  const directory = mkdtempSync(join(tmpdir(), 'chaperone-starter-'))
  const server = createServer()
  server.listen(join(directory, 'socket'))
  await once(server, 'listening')
  const socket = connect(join(directory, 'socket'))
  const [accepted] = await once(server, 'connection')
  onTestFinished(() => {
    socket.destroy()
    accepted.destroy()
    server.close()
    rmSync(directory, { recursive: true, force: true })
  })
  return { socket, starter: new Starter(accepted) }
}

test('a message of any length comes whole, and the confirmation after it', async () => {
  const { socket, starter } = await pair()
  const environment = { LONG: 'ü\n"'.repeat(200_000), EMPTY: '' }
  socket.write(`${JSON.stringify({ environment })}\n`)
  expect(await starter.message).toEqual({ environment })
  expect(starter.is_gone).toBe(false)
  socket.end(CONFIRMATION)
  expect(await starter.confirmed).toBe(true)
})

test('a confirmation that comes with the message counts, one in pieces, too', async () => {
  const together = await pair()
  together.socket.end(`{"environment":{}}\n${CONFIRMATION}`)
  expect(await together.starter.confirmed).toBe(true)
  const pieces = await pair()
  pieces.socket.write('{"environment":{}}\n')
  for (const letter of CONFIRMATION) pieces.socket.write(letter)
  expect(await pieces.starter.confirmed).toBe(true)
})

test.each([
  ['nothing', ''],
  ['half a message', '{"environment":{'],
  ['garbage', 'garbage\n'],
])('a starter that sends %s and dies has sent no message, and confirms nothing', async (_what, text) => {
  const { socket, starter } = await pair()
  socket.end(text)
  expect(await starter.message).toBe(null)
  expect(await starter.confirmed).toBe(false)
  expect(starter.is_gone).toBe(true)
})

test('a starter that dies after its message has not confirmed', async () => {
  const { socket, starter } = await pair()
  socket.write('{"environment":{}}\n')
  await starter.message
  socket.destroy()
  expect(await starter.confirmed).toBe(false)
})

test('an answer to a starter that is gone is no error', async () => {
  const { socket, starter } = await pair()
  socket.destroy()
  await starter.confirmed
  starter.answer({ failed: { code: 'START_FAILED', message: 'no', errno: null } })
  starter.close()
})

/** Ports for tests: free ones, and programs that listen at them. */
import { createServer, type Server } from 'node:net'
import { onTestFinished } from 'vitest'
import type { Sandbox } from '../harness/sandbox.js'

/** A port below the ephemeral range, at which nothing listens. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000)
    const server = await listen(port, '::').catch(() => null)
    if (!server) continue
    await new Promise(resolve => server.close(resolve))
    return port
  }
}

/** Something of the test's own process that accepts until the test is over. */
export async function occupy(port: number, host: string): Promise<void> {
  const server = await listen(port, host)
  onTestFinished(() => {
    server.close()
  })
}

/** A Node program of the sandbox that listens at `port` after `delay_ms` and lives until somebody ends it. */
export function listener(sandbox: Sandbox, port: number, host: string, delay_ms: number): string[] {
  const source = `
import { createServer } from 'node:net'
console.log('starting')
setTimeout(() => createServer(socket => socket.end('hello\\n')).listen(${port}, '${host}'), ${delay_ms})
setInterval(() => {}, 1000)
`
  return [process.execPath, sandbox.file('listener.mjs', source)]
}

function listen(port: number, host: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ port, host }, () => resolve(server))
  })
}

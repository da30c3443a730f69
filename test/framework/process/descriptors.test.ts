import { spawn } from 'node:child_process'
import { expect, test } from 'vitest'
import { Bundle } from './elsewhere.js'
import { stage } from './stage.js'
import { exited } from './witness.js'

/** Starts a second Node as a shim is started, and passes on what that reports. */
const STARTER = `
import { spawn } from 'node:child_process'
const child = spawn(process.execPath, [process.argv[2]], { stdio: ['ignore', 'pipe', 'inherit', 'pipe'] })
child.stdout.pipe(process.stdout)`

/** Closes, still speaks over the descriptor that it keeps, and lists what it holds. */
const SHIM = `
import { readdirSync, readlinkSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { closeInheritedDescriptors } from './framework/process/descriptors.js'
const closed = closeInheritedDescriptors([3])
const socket = new Socket({ fd: 3 })
const held = []
for (const fd of readdirSync('/proc/self/fd')) {
  try { held.push(readlinkSync('/proc/self/fd/' + fd)) } catch {}
}
console.log(JSON.stringify({ closed, held, again: closeInheritedDescriptors([3]) }))
await new Promise(resolve => socket.write('still here', resolve))
socket.destroy()
await new Promise(resolve => setTimeout(resolve, 10))`

test('closes whatever the caller of our parent left open, low and high, and nothing of Node', async () => {
  const [starter, shim] = [new Bundle(STARTER), new Bundle(SHIM)]
  try {
    const files = [3, 4, 9, 16, 17, 20, 63, 250].map(fd => `${fd}<"$D/held-${fd}"`)
    const script = `cd "$D"; touch held-3 held-4 held-9 held-16 held-17 held-20 held-63 held-250
      exec ${files.join(' ')}; exec "$@"`
    const child = spawn('bash', ['-c', script, 'caller', process.execPath, starter.path, shim.path], {
      env: { ...process.env, D: stage.directory },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let out = ''
    child.stdout.on('data', chunk => {
      out += chunk
    })
    await exited(child)
    const { closed, held, again } = JSON.parse(out)
    expect(held.filter((path: string) => path.includes('held-'))).toEqual([])
    expect(closed).toEqual(expect.arrayContaining([20, 63, 250]))
    expect(held.some((path: string) => path.includes('eventpoll'))).toBe(true)
    expect(again).toEqual([])
    expect(child.exitCode).toBe(0)
  } finally {
    starter.remove()
    shim.remove()
  }
})

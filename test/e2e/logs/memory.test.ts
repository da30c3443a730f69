/** A log of any size is read in flat memory, as text and as lines, whether its lines end or not. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Launcher } from '../background/launcher.js'
import { Sandbox } from '../harness/sandbox.js'
import { ended, program, WRITE, written } from './log-calls.js'

/** Of which a reader may hold no part worth speaking of. */
const BYTES = 1_000_000_000
/** Node itself takes 50 to 70 MB. */
const MOST = 160_000_000

const source = `${WRITE}
const { createHash, randomBytes } = require('node:crypto')
const hash = createHash('sha256')
// First lines of text, then a line that is no end of it, with bytes of every kind.
const text = Buffer.from(('.'.repeat(4_999) + '\\n').repeat(200))
const binary = randomBytes(1_000_000).map(byte => (byte === 10 ? 11 : byte))
for (const [part, parts] of [[text, ${BYTES} / 2_000_000], [binary, ${BYTES} / 2_000_000]])
  for (let count = 0; count < parts; count += 1) { hash.update(part); write(part) }
fs.writeFileSync(require('node:path').join(process.argv[2], 'sha256'), hash.digest('hex'))`

test('a gigabyte comes out byte by byte, and no reader of it grows', { timeout: 300_000 }, async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox, { spawn_options: '{ log_max_bytes: 2_000_000_000 }' })
  const { run_id } = await launcher.launch(program(sandbox, 'writer', source))
  await ended(launcher, run_id)
  for (const form of [['--follow', '--format', 'plain'], ['--follow']]) {
    const child = sandbox.spawn(['logs', run_id, ...form], launcher.with({}))
    const hash = createHash('sha256')
    let [bytes, most] = [0, 0]
    const looking = setInterval(() => {
      most = Math.max(most, highWater(child.pid))
    }, 20)
    child.stdout?.on('data', chunk => {
      hash.update(chunk)
      bytes += chunk.length
    })
    expect(await once(child, 'close')).toEqual([0, null])
    clearInterval(looking)
    if (form.includes('plain'))
      expect({ bytes, hash: hash.digest('hex') }).toEqual({
        bytes: BYTES,
        hash: await written(sandbox, 'sha256'),
      })
    // Of the line that is no end of it a part is shown.
    else expect(bytes).toBeGreaterThan(BYTES / 2)
    expect(most).toBeGreaterThan(10_000_000)
    expect(most, form.join(' ')).toBeLessThan(MOST)
  }
})

/** The most memory that a process has held so far, in bytes (proc_pid_status(5)); 0 once it is gone. */
function highWater(pid: number | undefined): number {
  try {
    return Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}

/** A process that is signalled alone is signalled by a descriptor of it, which never means another (pidfd_open(2)). */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CHAPERONE, Sandbox } from '../harness/sandbox.js'
import { IS_FORCED } from '../harness/tracking-method.js'

const TRACER = 'strace'
const has_tracer = spawnSync(TRACER, ['-V']).status === 0

test.skipIf(!has_tracer || IS_FORCED)(
  'what a program leaves behind in its group is ended by descriptors, and no pid is signalled (with strace, subreaper)',
  async () => {
    const sandbox = Sandbox.create()
    const trace = join(sandbox.path, 'trace')
    const run = `run --grace 100ms --on-leftover terminate -- sh -c 'sleep 300 & exit 0'`
    const { code, stderr } = await sandbox.sh(
      `exec ${TRACER} -qq -e trace=kill,pidfd_send_signal -o '${trace}' '${process.execPath}' '${CHAPERONE}' ${run}`,
    )
    expect(code, stderr).toBe(0)
    expect(sandbox.survivors()).toEqual([])
    const calls = readFileSync(trace, 'utf8')
    expect(calls).toMatch(/pidfd_send_signal\(\d+, SIGTERM, NULL, 0\) += 0/)
    // Signal 0 only asks.
    expect(calls.match(/kill\(\d+, SIG\w+\)/g)).toBeNull()
    await sandbox.nothingLeft()
  },
)

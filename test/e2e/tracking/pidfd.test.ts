/** A process that is signalled alone is signalled by a descriptor of it, which never means another (pidfd_open(2)). */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CHAPERONE, Sandbox } from '../harness/sandbox.js'
import { IS_FORCED } from '../harness/tracking-method.js'

const TRACER = 'strace'
const has_tracer = spawnSync(TRACER, ['-V']).status === 0

const is_traced = has_tracer && !IS_FORCED

/**
 * Ends what a program leaves in its group, under a tracer.
 * @param inject what the first signal by descriptor is answered with instead of being sent
 * @returns the calls that signal
 */
async function signalsOf(inject: string | null): Promise<string> {
  const sandbox = Sandbox.create()
  const trace = join(sandbox.path, 'trace')
  const run = `run --grace 100ms --on-leftover terminate -- sh -c 'sleep 300 & exit 0'`
  const fault = inject ? `-e inject=pidfd_send_signal:error=${inject}:when=1` : ''
  const { code, stderr } = await sandbox.sh(
    `exec ${TRACER} -qq -e trace=kill,pidfd_send_signal ${fault} -o '${trace}' '${process.execPath}' '${CHAPERONE}' ${run}`,
  )
  expect(code, stderr).toBe(0)
  await sandbox.nothingLeft()
  return readFileSync(trace, 'utf8')
}

/** Signal 0 only asks. */
const byPid = (calls: string): readonly string[] => calls.match(/kill\(\d+, SIG\w+\)/g) ?? []

test.skipIf(!is_traced)(
  'what a program leaves behind in its group is ended by descriptors, and no pid is signalled (with strace, subreaper)',
  async () => {
    const calls = await signalsOf(null)
    expect(calls).toMatch(/pidfd_send_signal\(\d+, SIGTERM, NULL, 0\) += 0/)
    expect(byPid(calls)).toEqual([])
  },
)

test.skipIf(!is_traced).each([
  {
    errno: 'ESRCH',
    why: 'the process has ended since it was verified: whoever has its pid gets none',
    by_pid: [],
  },
  {
    errno: 'ENOSYS',
    why: 'the kernel takes no signal by descriptor: it is sent by pid',
    by_pid: [expect.stringContaining('SIGTERM')],
  },
])('$why (with strace, subreaper)', async ({ errno, by_pid }) => {
  const calls = await signalsOf(errno)
  expect(calls).toMatch(new RegExp(`pidfd_send_signal\\(\\d+, SIGTERM, NULL, 0\\) += -1 ${errno} .*INJECTED`))
  expect(byPid(calls)).toEqual(by_pid)
})

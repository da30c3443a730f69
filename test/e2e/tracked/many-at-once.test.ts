/** Many children of one call: what following them costs grows with their number, and not with its square. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { living, probe } from './probe.js'

const TRACER = 'strace'
const has_tracer = spawnSync(TRACER, ['-V']).status === 0
const CHILDREN = 50
const ALL_STARTED = `while (!existsSync('log') || readFileSync('log').length < ${CHILDREN}) await pause(20)`

/** How often the call itself opened the directory of all processes: the tracer does not follow its children. */
function tablesRead(sandbox: Sandbox, body: string): number {
  const script = probe(sandbox, body, { prelude: `import { openSync, writeSync } from 'node:fs'` })
  const trace = join(sandbox.path, 'trace')
  const traced = ['-qq', '-P', '/proc', '-e', 'trace=openat', '-o', trace, process.execPath, script]
  const { status, stdout } = spawnSync(TRACER, [...traced, 'go', '--timeout', '60s'], {
    cwd: sandbox.path,
    env: { ...process.env, ...sandbox.env },
    encoding: 'utf8',
  })
  expect(status, stdout).toBe(0)
  return readFileSync(trace, 'utf8').match(/"\/proc"/g)?.length ?? 0
}

for (const [how, body] of [
  [
    'that end by themselves at one moment',
    `child_process.execFileSync('mkfifo', ['gate'])
     const gate = openSync('gate', 'r+')
     const runs = Array.from({ length: ${CHILDREN} }, () => ctx.run(['sh', '-c', 'echo >> log; read _ < gate']))
     ${ALL_STARTED}
     writeSync(gate, '\\n'.repeat(${CHILDREN}))
     await Promise.all(runs)
     return {}`,
  ],
  [
    'that the end of the call ends',
    `for (let n = 0; n < ${CHILDREN}; n += 1) void ctx.run(['sh', '-c', 'echo >> log; exec sleep 1000'])
     ${ALL_STARTED}
     return {}`,
  ],
] as const) {
  test.skipIf(!has_tracer)(
    `a call looks at all processes less often than it has children ${how} (with strace)`,
    { timeout: 120_000 },
    async () => {
      const sandbox = Sandbox.create()
      const looks = tablesRead(sandbox, body)
      expect(looks).toBeGreaterThan(2)
      expect(looks).toBeLessThan(CHILDREN)
      expect(living(sandbox, 'sleep 1000')).toEqual([])
      await sandbox.nothingLeft()
    },
  )
}

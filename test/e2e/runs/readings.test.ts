/** What commands read of the records: of many runs, or of a long history, no more than what tells them something. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { guardOf, shimOf } from '../background/holders.js'
import { SLEEPER } from '../background/programs.js'
import { CHAPERONE, Sandbox } from '../harness/sandbox.js'
import { IS_FORCED } from '../harness/tracking-method.js'
import { until } from '../harness/until.js'

const TRACER = 'strace'
const has_tracer = spawnSync(TRACER, ['-V']).status === 0
const RUNS = 8

/** The paths that the call itself opened, as the tracer shows them. */
async function opened(sandbox: Sandbox, argv: readonly string[]): Promise<string[]> {
  const trace = join(sandbox.path, 'trace')
  const { code, stdout } = await sandbox.sh(
    `exec ${TRACER} -qq -e trace=openat -o '${trace}' '${process.execPath}' '${CHAPERONE}' ${argv.join(' ')}`,
  )
  expect(code, stdout).toBe(0)
  return pathsIn(trace)
}

const pathsIn = (trace: string): string[] =>
  [...readFileSync(trace, 'utf8').matchAll(/openat\(AT_FDCWD, "([^"]*)"/g)].map(([, path = '']) => path)

async function started(sandbox: Sandbox): Promise<string> {
  const { code, stdout, envelope } = await sandbox.call(['start', '--session', 's', '--', ...SLEEPER])
  expect(code, stdout).toBe(0)
  return envelope.data.run_id
}

test.skipIf(!has_tracer)(
  'of a run that is named by its whole id others are read once, for its short id; by a prefix twice (with strace)',
  async () => {
    const sandbox = Sandbox.create()
    const run_id = await started(sandbox)
    for (let other = 0; other < 100; other += 1)
      mkdirSync(join(sandbox.state, 'runs', `f${String(other).padStart(11, '0')}`))
    const listings = async (name: string) =>
      (await opened(sandbox, ['show', name])).filter(path => path === join(sandbox.state, 'runs')).length
    expect(await listings(run_id)).toBe(1)
    expect(await listings(run_id.slice(0, 6))).toBe(2)
    await sandbox.call(['stop', run_id])
  },
)

test.skipIf(!has_tracer)(
  'the stop of a session reads the owner and the end of each run twice (with strace)',
  async () => {
    const sandbox = Sandbox.create()
    for (let run = 0; run < RUNS; run += 1) await started(sandbox)
    const paths = await opened(sandbox, ['session', 'stop', 's'])
    const read = (record: string) => paths.filter(path => path.endsWith(`/${record}.json`)).length
    // One more where an owner's last moment fell into a look at who holds the run.
    expect(read('owner')).toBeLessThan(3 * RUNS)
    // Once to see that there is none.
    expect(read('end')).toBeLessThan(3 * RUNS)
    expect(sandbox.survivors()).toEqual([])
  },
)

test.skipIf(!has_tracer || IS_FORCED)(
  'at a look an owner lists its children twice, reads the environment of its program once, and of its guard nothing (with strace, subreaper)',
  async () => {
    const sandbox = Sandbox.create()
    const run_id = await started(sandbox)
    const owner = shimOf(sandbox, run_id)
    const guard = guardOf(sandbox, owner)
    const trace = join(sandbox.path, 'trace')
    const tracer = spawn(TRACER, ['-e', 'trace=openat', '-o', trace, '-p', String(owner)], {
      env: { ...process.env, SANDBOX: sandbox.token },
    })
    let said = ''
    tracer.stderr.setEncoding('utf8').on('data', text => {
      said += text
    })
    const ended = once(tracer, 'exit')
    await until('the tracer to hold the owner', () => said.includes('attached'))
    await sandbox.call(['stop', run_id])
    await ended
    const paths = pathsIn(trace)
    // What was under way when the tracer came is no whole look; the request begins one.
    const asked = paths.findIndex(path => path.endsWith('/stop.json'))
    const times = (end: string) => paths.slice(asked).filter(path => path.endsWith(end)).length
    expect(asked).toBeGreaterThanOrEqual(0)
    const looks = times(`/proc/${owner}/task/${owner}/children`) / 2
    // One while the program lives, and two that find nothing.
    expect(looks).toBeGreaterThanOrEqual(3)
    expect(times('/environ')).toBeGreaterThan(0)
    expect(times('/environ')).toBeLessThanOrEqual(looks - 2)
    expect(times(`/proc/${guard}/stat`)).toBe(0)
  },
)

/** Where the better method cannot be had, runs go on with the lesser one, and say so. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SLEEPER } from '../background/programs.js'
import { type Answer, type CallOptions, CHAPERONE, Sandbox } from '../harness/sandbox.js'
import { isAlive } from '../harness/witness.js'
import { CRASHING, installed, USELESS, withoutSubreaper } from './installation.js'

const SNAPSHOT = { method: 'snapshot', complete: false }
const SUBREAPER = { method: 'subreaper', complete: true }
/** Whatever the suite runs on. */
const BEST: CallOptions = { env: { CHAPERONE_TRACKING: undefined } }

const tryOut = (sandbox: Sandbox, options: CallOptions) =>
  tryOutBy((...argv) => sandbox.call(argv, { ...BEST, ...options }))

/** Starts a background run and a foreground one, and stops the former. @returns their tracking, and doctor's word */
async function tryOutBy(call: (...argv: string[]) => Promise<Answer>) {
  const started = await call('start', '--session', 's', '--', ...SLEEPER)
  expect(started.code, started.stdout).toBe(0)
  const { run_id, background_pid } = started.envelope.data
  const background = (await call('show', run_id)).envelope.data.tracking
  const ran = await call('run', '--', 'sh', '-c', 'exit 3')
  expect(ran.code, ran.stderr).toBe(3)
  expect((await call('stop', run_id)).code).toBe(0)
  expect(isAlive(background_pid)).toBe(false)
  const doctor = await call('doctor')
  const { detail } = doctor.envelope.data.checks.find(({ name }: { name: string }) => name === 'tracking')
  return { background, foreground: JSON.parse(ran.stderr).data.tracking, detail }
}

/** Calls of the tool under a filter of prctl(PR_SET_CHILD_SUBREAPER). */
function underFilter(sandbox: Sandbox, action: Parameters<typeof withoutSubreaper>[0]) {
  const filter = sandbox.file('filter.py', withoutSubreaper(action))
  return (...argv: string[]) => {
    const words = ['python3', filter, process.execPath, CHAPERONE, ...argv]
    return sandbox.sh(`exec ${words.map(word => `'${word}'`).join(' ')}`, BEST)
  }
}

test('with the module, runs are tracked completely, and doctor says so', async () => {
  const sandbox = Sandbox.create()
  const { detail, ...tracking } = await tryOut(sandbox, {})
  expect(tracking).toEqual({ background: SUBREAPER, foreground: SUBREAPER })
  expect(detail).toMatch(/^subreaper/)
})

test('without the module', async () => {
  const sandbox = Sandbox.create()
  const { detail, ...tracking } = await tryOut(sandbox, { script: installed(sandbox, null) })
  expect(tracking).toEqual({ background: SNAPSHOT, foreground: SNAPSHOT })
  expect(detail).toContain('is not installed')
})

test('with a module that ends whoever loads it, also at the first start', async () => {
  const sandbox = Sandbox.create()
  const { detail, ...tracking } = await tryOut(sandbox, { script: installed(sandbox, CRASHING) })
  expect(tracking).toEqual({ background: SNAPSHOT, foreground: SNAPSHOT })
  expect(detail).toContain('SIGSEGV')
  const [kept = ''] = readdirSync(join(sandbox.state, 'tracking'))
  expect(JSON.parse(readFileSync(join(sandbox.state, 'tracking', kept), 'utf8'))).toMatchObject({
    works: false,
  })
})

test('a foreground run is not taken along by a module that ends whoever loads it', async () => {
  const sandbox = Sandbox.create()
  const script = installed(sandbox, CRASHING)
  const ran = await sandbox.call(['run', '--', 'sh', '-c', 'exit 3'], { ...BEST, script })
  expect(ran.code, ran.stderr).toBe(3)
  expect(JSON.parse(ran.stderr).data.tracking).toEqual(SNAPSHOT)
})

test('with something else in the place of the module', async () => {
  const sandbox = Sandbox.create()
  const { detail, ...tracking } = await tryOut(sandbox, { script: installed(sandbox, USELESS) })
  expect(tracking).toEqual({ background: SNAPSHOT, foreground: SNAPSHOT })
  expect(detail).toContain('cannot be loaded')
})

test('where a filter refuses the system call; what was kept of another sandbox means nothing', async () => {
  const sandbox = Sandbox.create()
  const under = underFilter(sandbox, 'refuse')
  const free = await sandbox.call(['run', '--', 'true'], BEST)
  expect(JSON.parse(free.stderr).data.tracking).toEqual(SUBREAPER)
  const refused = await under('run', '--', 'true')
  expect(JSON.parse(refused.stderr).data.tracking).toEqual(SNAPSHOT)
  const started = await under('start', '--session', 's', '--', ...SLEEPER)
  const shown = await sandbox.call(['show', started.envelope.data.run_id], BEST)
  expect(shown.envelope.data.tracking).toEqual(SNAPSHOT)
  expect((await under('doctor')).stdout).toContain('failed with error 1')
  expect((await sandbox.call(['session', 'stop', 's'], BEST)).code).toBe(0)
})

const FILTERED = [
  {
    what: 'says yes to the system call and does nothing',
    action: 'pretend',
    told: 'prctl(PR_SET_CHILD_SUBREAPER) succeeds, and yet orphans go to another process',
  },
  { what: 'kills whoever makes the system call', action: 'kill', told: 'ends with SIGSYS' },
] as const

for (const { what, action, told } of FILTERED) {
  test(`where a filter ${what}`, async () => {
    const sandbox = Sandbox.create()
    const { detail, ...tracking } = await tryOutBy(underFilter(sandbox, action))
    expect(tracking).toEqual({ background: SNAPSHOT, foreground: SNAPSHOT })
    expect(detail).toContain(told)
  })

  // A shim may try it by itself, for it can be started again; here nothing is known yet.
  test(`where a filter ${what}, also at a first run in the foreground`, async () => {
    const sandbox = Sandbox.create()
    const under = underFilter(sandbox, action)
    const ran = await under('run', '--', 'sh', '-c', 'exit 3')
    expect(ran.code, ran.stderr).toBe(3)
    expect(JSON.parse(ran.stderr).data.tracking).toEqual(SNAPSHOT)
    expect((await under('doctor')).stdout).toContain(told)
  })
}

test('where it is asked for', async () => {
  const sandbox = Sandbox.create()
  const { detail, ...tracking } = await tryOut(sandbox, { env: { CHAPERONE_TRACKING: 'snapshot' } })
  expect(tracking).toEqual({ background: SNAPSHOT, foreground: SNAPSHOT })
  expect(detail).toContain('CHAPERONE_TRACKING asks for it')
})

test('a method that nobody knows is refused, and nothing is started', async () => {
  const sandbox = Sandbox.create()
  const env = { CHAPERONE_TRACKING: 'ebpf' }
  const refused = await sandbox.call(['start', '--', ...SLEEPER], { env })
  expect(refused.code).toBe(2)
  expect(refused.envelope.error).toMatchObject({
    code: 'TRACKING_UNKNOWN',
    fix_required: 'unset CHAPERONE_TRACKING, or set it to snapshot',
  })
  expect(readdirSync(join(sandbox.state, 'live'))).toEqual([])
})

/** No process can be started any more, by whoever asks for an end or by who holds the run: ending needs none. */
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CHAPERONE } from '../e2e/harness/sandbox.js'
import { until } from '../e2e/harness/until.js'
import { Launch, type Recorded } from './harness/launch.js'
import { inEveryWay, type Way } from './harness/ways.js'
import { program, World } from './harness/world.js'

/** One child in the group, and one that ignores TERM in a session of its own. */
const FAMILY = ['sh', '-c', `sleep 3600 & setsid sh -c "trap '' TERM; exec sleep 3600" & exec sleep 3600`]
const FAMILY_SIZE = 3
const ENDS = [
  ['stop', ({ run_id }: Recorded) => ['stop', run_id, '--kill-after', '300ms']],
  ['session stop', () => ['session', 'stop', 's', '--kill-after', '300ms']],
  ['cleanup', () => ['cleanup', '--session', 's', '--kill-after', '300ms']],
] as const

const can_filter = spawnSync(program('no-fork'), ['true']).status === 0
const filtered = can_filter ? '' : ' (needs seccomp filters)'

/**
 * Somebody whom RLIMIT_NPROC binds: it does not bind root (setrlimit(2)). May read what root may, as the installation
 * of a test may be root's alone.
 */
const NOBODY = 65_534
const READS = '+dac_read_search'
const AS_NOBODY = [
  ...['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'],
  ...[`--inh-caps=${READS}`, `--ambient-caps=${READS}`, '--'],
]
const can_be_nobody =
  spawnSync(AS_NOBODY[0] ?? '', [...AS_NOBODY.slice(1), process.execPath, CHAPERONE, '--version']).status ===
  0

test.skipIf(!can_filter)(`under the filter no process can be started${filtered}`, async () => {
  const world = World.create('snapshot')
  const { answer } = await world.exec([program('no-fork'), 'sh', '-c', '(true); echo started'])
  expect(await answer).toMatchObject({ code: 2, stdout: '' })
})

inEveryWay(['start', 'run', 'ctx.run'], way => {
  test.skipIf(!can_filter).each(ENDS)(
    `%s without a fork ends a run that is held${filtered}`,
    async (_, words) => {
      const { world, launch, recorded } = await family(way)
      await endedWithoutFork(world, launch, recorded, words(recorded))
    },
  )

  test.skipIf(!can_filter).each(ENDS)(
    `%s without a fork ends a run that nobody holds${filtered}`,
    async (_, words) => {
      const { world, launch, recorded } = await family(way)
      for (const signal of ['SIGSTOP', 'SIGKILL'] as const)
        for (const one of [recorded.guard, recorded.owner])
          expect(await world.witness.kill(one, signal)).toBe(true)
      await until('the owner to be gone', async () =>
        (await world.survivors()).every(({ pid }) => pid !== recorded.owner.pid),
      )
      await endedWithoutFork(world, launch, recorded, words(recorded))
    },
  )
})

inEveryWay(['start', 'run'], ({ verb, method }) => {
  test.skipIf(!can_be_nobody).each(['a stop', 'the end of the program'] as const)(
    `%s: an owner that may start no process or thread any more ends its run, and itself${can_be_nobody ? '' : ' (needs root, and setpriv)'}`,
    async by => {
      const { world, launch, asNobody, call, recorded } = await nobodysFamily({ verb, method })
      const { run_id, owner, main } = recorded
      expect((await asNobody('prlimit', '--pid', String(owner.pid), '--nproc=0:0')).code).toBe(0)
      if (by === 'a stop') {
        const stop = ['stop', run_id, '--kill-after', '300ms']
        const { code, stdout, envelope } = await asNobody(process.execPath, CHAPERONE, ...stop)
        expect(code, stdout).toBe(0)
        expect(envelope.data.stopped).toMatchObject([{ outcome: 'stopped', survivors: [] }])
        expect(await named(world, 'sleep')).toEqual([])
      } else {
        expect(await world.witness.kill(main, 'SIGTERM')).toBe(true)
      }
      await launch.record(run_id, 'end')
      if (verb === 'run' && by !== 'a stop') {
        // Its leftovers are reported, and live on.
        const cleanup = await asNobody(process.execPath, CHAPERONE, 'cleanup', '--kill-after', '300ms')
        expect(cleanup.code, cleanup.stdout).toBe(0)
      }
      await world.nothingLeft()
      const stop_cause = by === 'a stop' ? 'user' : null
      expect(launch.read(run_id, 'end')).toMatchObject({ signal: 'SIGTERM', stop_cause, error: null })
      if (verb === 'run') expect((await call).code).toBe(143)
      expect(existsSync(join(launch.state, 'sessions/s/children.pids'))).toBe(false)
    },
  )
})

inEveryWay(['start', 'run'], ({ verb, method }) => {
  test.skipIf(!can_be_nobody)(
    `a guard that may start no process or thread cannot end its run: that is lost, and ended by a cleanup${can_be_nobody ? '' : ' (needs root, and setpriv)'}`,
    async () => {
      const { world, asNobody, recorded } = await nobodysFamily({ verb, method })
      const { run_id, owner, guard } = recorded
      expect((await asNobody('prlimit', '--pid', String(guard.pid), '--nproc=0:0')).code).toBe(0)
      expect(await world.witness.kill(owner, 'SIGKILL')).toBe(true)
      await until('the guard to be gone', async () =>
        (await world.survivors()).every(({ pid }) => pid !== guard.pid),
      )
      const tool = [process.execPath, CHAPERONE] as const
      const ps = await asNobody(...tool, 'ps')
      expect(ps.envelope.data.runs).toMatchObject([{ run_id, owner: 'lost' }])
      const cleanup = await asNobody(...tool, 'cleanup', '--session', 's', '--kill-after', '300ms')
      expect(await named(world, 'sleep')).toEqual([])
      expect(cleanup.code, cleanup.stdout).toBe(0)
      await world.nothingLeft()
      // As any Node that gets no thread.
      expect(world.witness.crashed.splice(0)).toEqual([{ pid: guard.pid, signal: constants.signals.SIGABRT }])
    },
  )

  test.skipIf(!can_filter)(
    `where the system gives no process the start fails with the reason, and nothing is left${filtered}`,
    async () => {
      const world = World.create(method)
      const launch = new Launch(world, verb, ['touch', join(world.path, 'ran')])
      const failed = await (await world.exec([program('no-fork'), ...launch.argv('s')])).answer
      const envelope = JSON.parse(
        (verb === 'run' ? failed.stderr : failed.stdout).trim().split('\n').at(-1) ?? '',
      )
      expect(envelope.error, failed.stdout + failed.stderr).toMatchObject({
        code: 'START_FAILED',
        message: expect.stringContaining('EAGAIN'),
      })
      expect(existsSync(join(world.path, 'ran'))).toBe(false)
      await world.nothingLeft()
      expect((await launch.call(['ps'])).envelope.data.runs).toEqual([])
    },
  )
})

/** A run of that user's, of which everybody has been seen. */
async function nobodysFamily({ verb, method }: Way) {
  const world = World.create(method)
  const scene = nobodysScene(world)
  const asNobody = async (...argv: readonly string[]) =>
    (await world.exec([...AS_NOBODY, ...argv], scene)).answer
  const launch = new Launch(world, verb, FAMILY)
  const call = asNobody(...launch.argv('s'))
  const recorded = await launch.running('s')
  await complete(world)
  // What nobody has seen is tied to the run by nothing but its marker once its parent has gone.
  const family = await named(world, 'sleep')
  await launch.seen(
    recorded.run_id,
    family.map(({ pid }) => pid),
  )
  if (verb === 'start') expect((await call).code).toBe(0)
  return { world, launch, asNobody, call, recorded }
}

async function family({ verb, method }: Way) {
  const world = World.create(method)
  const launch = new Launch(world, verb, FAMILY)
  const recorded = await launch.begin('s')
  await complete(world)
  return { world, launch, recorded }
}

const complete = (world: World): Promise<boolean> =>
  until('the family', async () => (await named(world, 'sleep')).length === FAMILY_SIZE)

async function endedWithoutFork(
  world: World,
  launch: Launch,
  { run_id }: Recorded,
  words: readonly string[],
): Promise<void> {
  const ended = await launch.call(words, [program('no-fork')])
  expect(ended.code, ended.stdout + ended.stderr).toBe(0)
  expect(ended.envelope.data.stopped).toMatchObject([{ run_id, outcome: 'stopped', survivors: [] }])
  expect(await named(world, 'sleep')).toEqual([])
  await world.nothingLeft()
}

/** A state root of that user's own, in a world into which that user may look. */
function nobodysScene(world: World) {
  // Whoever has that capability still needs to be let in to write.
  chmodSync(world.path, 0o755)
  const own = join(world.path, 'nobody')
  for (const path of [own, world.state]) {
    mkdirSync(path, { mode: 0o700 })
    chownSync(path, NOBODY, NOBODY)
  }
  return { cwd: own, env: { HOME: own, TMPDIR: own } }
}

const named = async (world: World, comm: string) => (await world.survivors()).filter(one => one.comm === comm)

/** No file can be opened any more, by whoever holds a run or asks for its end: a run is ended and recorded all the same. */
import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { until } from '../e2e/harness/until.js'
import { Launch, type Recorded } from './harness/launch.js'
import { inEveryWay, type Way } from './harness/ways.js'
import { program, World } from './harness/world.js'

/** One child in the group, one in a session of its own. */
const FAMILY = ['sh', '-c', 'sleep 3600 & setsid sleep 3600 & exec sleep 3600']
const STUBBORN = ['sh', '-c', `sleep 3600 & setsid sh -c "trap '' TERM; exec sleep 3600" & exec sleep 3600`]
const FAMILY_SIZE = 3
/** More than a call of ours has ever open. */
const ENOUGH = 64
const LIMIT_STEP = 3
/** What ends a run when its time is over, and the cause on record. */
const LIFETIMES = {
  start: ['--max-lifetime', 'max_lifetime'],
  run: ['--max-lifetime', 'max_lifetime'],
  'ctx.run': ['--timeout', 'cleanup'],
} as const

// Without parameters it says that it does not know this processor, or how it is called.
const can_use_up = spawnSync(program('no-descriptor')).status === 64
const usable = can_use_up ? '' : ' (needs an x86-64)'

inEveryWay(['start', 'run', 'ctx.run'], way => {
  test.skipIf(!can_use_up)(
    `stop ends a run whose owner has used up its descriptors, and the cause is on record${usable}`,
    async () => {
      const { world, launch, recorded, call } = await family(way, STUBBORN)
      await useUp(world, recorded.owner.pid)
      const { code, stdout, envelope } = await launch.call(stopOf(recorded))
      expect(await sleepers(world)).toBe(0)
      expect(code, stdout).toBe(0)
      expect(envelope.data.stopped).toMatchObject([{ outcome: 'stopped', survivors: [] }])
      expect(launch.read(recorded.run_id, 'end')).toMatchObject({
        signal: 'SIGTERM',
        stop_cause: 'user',
        error: null,
      })
      expect((await call.answer).code).toBe(way.verb === 'run' ? 143 : 0)
      await world.nothingLeft()
    },
  )

  test.skipIf(!can_use_up)(
    `the lifetime of a run ends it when its owner has used up its descriptors${usable}`,
    async () => {
      const [option, stop_cause] = LIFETIMES[way.verb]
      // That of a call begins before its program does.
      for (let seconds = way.verb === 'ctx.run' ? 8 : 1; ; seconds *= 2) {
        const { world, launch, recorded } = await family(way, FAMILY, [option, `${seconds}s`])
        // On a busy machine its time may be over before.
        const is_used_up = await usedUp(world, recorded.owner.pid)
        const end = await launch.record(recorded.run_id, 'end')
        expect(end).toMatchObject({ stop_cause, survivors: [], error: null })
        await world.nothingLeft()
        if (is_used_up) return
        expect(seconds).toBeLessThan(60)
      }
    },
  )

  test.skipIf(!can_use_up)(
    `the guard ends the run of an owner that had used up its descriptors, with as few as a Node can start with${usable}`,
    async () => {
      const { world, launch, recorded } = await family(way, FAMILY)
      await useUp(world, recorded.owner.pid)
      const limited = await world.exec([
        program('limit-descriptors'),
        ...[recorded.guard.pid, fewest()].map(String),
      ])
      expect((await limited.answer).code).toBe(0)
      expect(await world.witness.kill(recorded.owner, 'SIGKILL')).toBe(true)
      await world.nothingLeft()
      expect(launch.read(recorded.run_id, 'end')).toMatchObject({ stop_cause: 'owner_lost', survivors: [] })
    },
  )
})

inEveryWay(['start'], way => {
  test.each(['is held', 'nobody holds'])(
    'stop with too few descriptors does not say that it stopped a run that %s, and with a few more it does stop it',
    async holding => {
      const { world, launch, recorded } = await family(way, STUBBORN)
      if (holding === 'nobody holds') {
        for (const signal of ['SIGSTOP', 'SIGKILL'] as const)
          for (const one of [recorded.guard, recorded.owner])
            expect(await world.witness.kill(one, signal)).toBe(true)
        await until('the owner to be gone', async () =>
          (await world.survivors()).every(({ pid }) => pid !== recorded.owner.pid),
        )
      }
      for (let limit = fewest() - 1; ; limit += LIMIT_STEP) {
        const { code, stdout, envelope } = await launch.call(stopOf(recorded), limitedTo(limit))
        if (code === 0) {
          expect(envelope.data.stopped, stdout).toMatchObject([{ stop_cause: 'user', survivors: [] }])
          break
        }
        // A Node without a descriptor for the tool's own script can say nothing.
        if (stdout !== '') expect(envelope).toMatchObject({ ok: false, data: null })
        expect(limit, stdout).toBeLessThan(ENOUGH)
      }
      expect(await sleepers(world)).toBe(0)
      await world.nothingLeft()
      expect(launch.read(recorded.run_id, 'end')).toMatchObject({ stop_cause: 'user', survivors: [] })
    },
  )
})

async function family({ verb, method }: Way, argv: readonly string[], options: readonly string[] = []) {
  const world = World.create(method)
  const is_of_call = verb === 'ctx.run'
  const launch = new Launch(world, verb, argv, is_of_call ? [] : options)
  const call = await world.exec([...launch.argv('s'), ...(is_of_call ? options : [])])
  const recorded = await launch.running('s')
  // One that has not answered yet ends a run that loses its owner.
  if (verb === 'start') await call.answer
  await until(
    'the family, or its end',
    async () => (await sleepers(world)) === FAMILY_SIZE || launch.read(recorded.run_id, 'end') !== null,
  )
  return { world, launch, recorded, call }
}

const stopOf = ({ run_id }: Recorded): string[] => ['stop', run_id, '--kill-after', '300ms']

const sleepers = async (world: World): Promise<number> =>
  (await world.survivors()).filter(({ comm }) => comm === 'sleep').length

const usedUp = async (world: World, pid: number): Promise<boolean> =>
  (await (await world.exec([program('no-descriptor'), String(pid)])).answer).code === 0

async function useUp(world: World, pid: number): Promise<void> {
  expect(await usedUp(world, pid)).toBe(true)
}

/** What runs a command with so few descriptors. */
const limitedTo = (limit: number): string[] => ['sh', '-c', 'ulimit -n "$0"; exec "$@"', String(limit)]

/** With how few descriptors a Node that is given one starts here, and can open a file. */
function fewest(): number {
  const reads = `ulimit -n "$0"; exec "$1" -e "fs.readFileSync(3); fs.readFileSync('/dev/null')" 3</dev/null`
  while (spawnSync('sh', ['-c', reads, String(fewest_so_far), process.execPath]).status !== 0)
    fewest_so_far += 1
  return fewest_so_far
}

let fewest_so_far = 8

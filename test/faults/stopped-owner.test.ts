/**
 * The owner of a run is stopped by SIGSTOP: it can do nothing, and nobody can tell that it ever will. Who asks is told
 * so, `--force` goes past it, and a lifetime that is over meanwhile is kept as soon as it goes on.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../e2e/harness/until.js'
import { Launch, type Recorded } from './harness/launch.js'
import { withinLifetime } from './harness/lifetimes.js'
import { inEveryWay, type Way } from './harness/ways.js'
import { program, World } from './harness/world.js'

inEveryWay(['start', 'run', 'ctx.run'], way => {
  const stops = [
    { by: 'stop', argv: (run_id: string) => ['stop', '--kill-after', '0', run_id] },
    { by: 'session stop', argv: () => ['session', 'stop', 's', '--kill-after', '0'] },
  ]
  // A session is stopped by the same stop.
  test.each(way.verb === 'start' ? stops : stops.slice(0, 1))(
    '$by says that the owner is hung, and ends nothing; stop --force ends all',
    async ({ argv }) => {
      const { world, launch, recorded } = await stopped(way)
      const { run_id } = recorded
      const hung = await launch.call(argv(run_id))
      expect(hung.code, hung.stdout).toBe(10)
      expect(hung.envelope.error).toMatchObject({ code: 'OWNER_HUNG' })
      expect(hung.envelope.data.stopped).toMatchObject([{ run_id, outcome: 'owner_hung', exit_reason: null }])
      expect(await lives(world, recorded)).toBe(true)
      expect(launch.read(run_id, 'end')).toBeNull()
      const shown = (await launch.call(['show', run_id])).envelope.data
      expect(shown).toMatchObject({ status: 'running', owner: 'alive', alive: true })

      const forced = await launch.call(['stop', '--force', run_id])
      expect(forced.code, forced.stdout).toBe(0)
      expect(forced.envelope.data.stopped).toMatchObject([{ run_id, outcome: 'stopped', survivors: [] }])
      expect(await lives(world, recorded)).toBe(false)
      await world.nothingLeft()
      expect(launch.read(run_id, 'end')).toMatchObject({
        // The guard, whom the death of the owner wakes, may be the first to write it.
        reconcile_reason: expect.stringMatching(/^owner_(?:hung|lost)/),
        survivors: [],
      })
      expect((await launch.call(['ps'])).envelope.data.runs).toEqual([])
    },
  )

  test.skipIf(way.method !== 'subreaper')(
    'stop --force ends what came to the owner while it was stopped',
    async () => {
      const world = World.create(way.method)
      const path = join(world.path, 'hidden')
      const hide = `${program('hide')} "${path}" environment fork setsid fork`
      const line = `until test -e go; do sleep 0.05; done; ${hide}; exec sleep 3600`
      const launch = new Launch(world, way.verb, ['sh', '-c', line])
      const { run_id, owner } = await launch.begin('s')
      expect(await world.witness.kill(owner, 'SIGSTOP')).toBe(true)
      world.file('go', '')
      await until('the daemon to have hidden', () => existsSync(path))
      const daemon = Number(readFileSync(path, 'utf8'))
      const parentOf = async () => (await world.survivors()).find(({ pid }) => pid === daemon)?.ppid
      await until('the owner to have adopted it', async () => (await parentOf()) === owner.pid)

      const forced = await launch.call(['stop', '--force', run_id])
      expect(await parentOf(), forced.stdout).toBeUndefined()
      expect(forced.code, forced.stdout).toBe(0)
      expect(forced.envelope.data.stopped).toMatchObject([{ run_id, outcome: 'stopped', survivors: [] }])
      await world.nothingLeft()
    },
  )

  test('cleanup says that the owner is hung; once it goes on the run is ended', async () => {
    const { world, launch, recorded } = await stopped(way)
    const hung = await launch.call(['cleanup', '--session', 's', '--kill-after', '0'])
    expect(hung.code, hung.stdout).toBe(10)
    expect(await lives(world, recorded)).toBe(true)
    expect(await world.witness.kill(recorded.owner, 'SIGCONT')).toBe(true)
    expect(await launch.record(recorded.run_id, 'end')).toMatchObject({
      stop_cause: 'cleanup',
      survivors: [],
    })
    await world.nothingLeft()
  })

  test.skipIf(way.verb === 'ctx.run')(
    'its lifetime is over while it is stopped: nothing is said to have ended, until it goes on',
    async () => {
      const { world, launch, recorded, options } = await withinLifetime(
        () => World.create(way.method),
        async (made, lifetime) => {
          const limited = ['--max-lifetime', lifetime]
          return { ...(await stopped(way, made, limited)), options: limited }
        },
      )
      // As long once more, from now on.
      const later = new Launch(world, way.verb, ['sleep', '3600'], options)
      await world.exec(later.argv('later'))
      await later.record(await later.runOf('later'), 'end')
      const shown = (await launch.call(['show', recorded.run_id])).envelope.data
      expect(shown).toMatchObject({ status: 'running', alive: true, stop_cause: null })
      const due = (await launch.call(['cleanup', '--dry-run'])).envelope.data
      expect(due.would_affect.runs).toEqual([recorded.run_id])
      expect(await lives(world, recorded)).toBe(true)
      expect(await world.witness.kill(recorded.owner, 'SIGCONT')).toBe(true)
      expect(await launch.record(recorded.run_id, 'end')).toMatchObject({
        stop_cause: 'max_lifetime',
        survivors: [],
      })
      await world.nothingLeft()
    },
  )
})

/** A run whose owner is stopped. */
async function stopped({ verb, method }: Way, world = World.create(method), options: readonly string[] = []) {
  const launch = new Launch(world, verb, ['sleep', '3600'], options)
  const recorded = await launch.begin('s')
  expect(await world.witness.kill(recorded.owner, 'SIGSTOP')).toBe(true)
  return { world, launch, recorded }
}

const lives = async (world: World, { main }: Recorded): Promise<boolean> =>
  (await world.survivors()).some(({ pid }) => pid === main.pid)

/**
 * The wall clock jumps by a day while runs live: a lifetime is as long as it was declared, a limit of a call too, what
 * lives is known to live, and answers stay sound.
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Launch } from './harness/launch.js'
import { withinLifetime } from './harness/lifetimes.js'
import { canMake, type Space } from './harness/space.js'
import { inEveryWay, type Verb } from './harness/ways.js'
import { program, World } from './harness/world.js'

const DAY_S = 86_400
/** More than any row takes. */
const HALF_A_DAY_MS = (DAY_S * 1000) / 2
/** /etc of its own, with a library that moves the clock of every program: nobody else's clock is touched. */
const SPACE: Space = {
  mounts: `mkdir "$WORLD/etc"
cp -r /etc/. "$WORLD/etc" 2>/dev/null || :
printf '%-32s' 0 >"$WORLD/etc/wall-clock-shift"
echo '${program('wall-clock.so')}' >"$WORLD/etc/ld.so.preload"
mount --bind "$WORLD/etc" /etc
test "$(date +%s)" -gt 0`,
}
const can_make = canMake(SPACE)
const needs = can_make ? '' : ' (needs a mount namespace)'

const JUMPS = [
  { name: 'forward', seconds: DAY_S },
  { name: 'back', seconds: -DAY_S },
] as const

inEveryWay(['start', 'run', 'ctx.run'], ({ verb, method }) => {
  test.skipIf(!can_make).each(JUMPS)(
    `the clock jumps a day $name, and runs end when they should${needs}`,
    async ({ seconds }) => {
      const { world, long, going, before, short, ending, limited, waiting } = await withinLifetime(
        () => World.create(method, SPACE),
        (made, lifetime) => jumpedAmid(made, verb, seconds, lifetime),
      )

      const gave_up = await limited
      expect(gave_up.code, gave_up.stdout).toBe(10)
      expect(await short.record(ending.run_id, 'end')).toMatchObject({
        stop_cause: 'max_lifetime',
        signal: 'SIGTERM',
      })
      const ended = (await short.call(['show', ending.run_id])).envelope.data
      const moved_ms = Date.parse(ended.timeline.ended_at) - Date.parse(before)
      expect(moved_ms * Math.sign(seconds)).toBeGreaterThan(HALF_A_DAY_MS)
      const shown = (await long.call(['show', going.run_id])).envelope.data
      expect(shown).toMatchObject({ status: 'running', owner: 'alive', alive: true, damaged: [] })
      expect((await world.survivors()).some(({ pid }) => pid === going.main.pid)).toBe(true)

      for (const expired of [[], ['--all-sessions', '--expired']]) {
        const cleaned = await long.call(['cleanup', ...expired])
        expect(cleaned.envelope.data, cleaned.stdout).toMatchObject({ stopped: [] })
      }
      expect(long.read(going.run_id, 'end')).toBeNull()

      const { code, stdout, envelope } = await long.call(['stop', going.run_id])
      expect(code, stdout).toBe(0)
      const [stopped] = envelope.data.stopped
      expect(stopped).toMatchObject({ outcome: 'stopped', stop_cause: 'user', survivors: [] })
      for (const measured of [stopped.waited_ms, envelope.meta.duration_ms]) {
        expect(measured).toBeGreaterThanOrEqual(0)
        expect(measured).toBeLessThan(HALF_A_DAY_MS)
      }
      await waiting.answer
      await world.nothingLeft()
    },
  )

  test.skipIf(!can_make || verb !== 'start').each(JUMPS)(
    `the clock jumps a day $name, and a name is still taken${needs}`,
    async ({ seconds }) => {
      const world = World.create(method, SPACE)
      const named = ['start', '--session', 's', '--name', 'web', '--', 'sleep', '3600']
      const first = await world.call(named)
      jump(world, seconds)
      const again = await world.call(named)
      expect(again.envelope.data, again.stdout).toMatchObject({
        effect: 'noop',
        run_id: first.envelope.data.run_id,
      })
      const stopped = await world.call(['session', 'stop', 's'])
      expect(stopped.envelope.data, stopped.stdout).toMatchObject({
        session_stopped: true,
        stopped: [{ outcome: 'stopped' }],
      })
      const renewed = await world.call(named)
      expect(renewed.envelope.data, renewed.stdout).toMatchObject({ effect: 'created' })
      expect((await world.call(['cleanup', '--all-sessions'])).code).toBe(0)
      await world.nothingLeft()
    },
  )
})

/** The clock has jumped, amid two runs: one that goes on, and one whose lifetime is not over yet. Somebody waits for each. */
async function jumpedAmid(world: World, verb: Verb, seconds: number, max_lifetime: string) {
  const long = new Launch(world, verb, ['sleep', '3600'], ['--max-lifetime', '1h'])
  const going = await long.begin('long')
  const before = long.read(going.run_id, 'main').started_at
  // The lifetime of a tracked child is that of its call.
  const limiting = verb === 'ctx.run' ? 'start' : verb
  const short = new Launch(world, limiting, ['sleep', '3600'], ['--max-lifetime', max_lifetime])
  const waiting = await world.spawn(['wait', '--session', 'short', '--timeout', '1h'])
  const ending = await short.begin('short')
  const limited = long.call(['wait', going.run_id, '--timeout', '1s'])
  jump(world, seconds)
  return { world, long, going, before, short, ending, limited, waiting }
}

/** In one write: every program sees one of the two times. */
function jump(world: World, seconds: number): void {
  const fd = openSync(join(world.path, 'etc/wall-clock-shift'), 'r+')
  writeSync(fd, String(seconds).padEnd(32), 0)
  closeSync(fd)
}

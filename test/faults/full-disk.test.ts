/**
 * A disk without a free block, or without a free inode, at each write of a start, and while a run lives; and one that
 * becomes read-only. A start is refused whole or stands whole, an exit code is kept, and what runs can be ended.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../e2e/harness/until.js'
import { reportOf } from '../e2e/run/calls.js'
import { Launch, stateOf } from './harness/launch.js'
import { canMake, type Space } from './harness/space.js'
import { inEveryWay, type Verb, type Way } from './harness/ways.js'
import { World, type WorldAnswer } from './harness/world.js'

const BLOCK_BYTES = 4096
const INODES = 64
/** More than a start writes. */
const ENOUGH = { blocks: 20, inodes: 24 } as const
type Scarce = keyof typeof ENOUGH

const disk = (verb: Verb): Space => ({
  has_disk: true,
  mounts: `mkdir -p "${stateOf('$WORLD', verb)}"
mount -t tmpfs -o size=512k,nr_inodes=${INODES},mode=700 tmpfs "${stateOf('$WORLD', verb)}"`,
})
/** What is done to a disk that is not only filled. */
const BECOMES = [
  { what: 'full', script: null },
  { what: 'read-only', script: 'mount --bind "$STATE" "$STATE" && mount -o remount,bind,ro "$STATE"' },
] as const
const can_make = canMake(disk('start'))
const needs = can_make ? '' : ' (needs a mount namespace)'

inEveryWay(['start', 'run', 'ctx.run'], way => {
  test.skipIf(!can_make).each<Scarce>(['blocks', 'inodes'])(
    `with each number of free %s a start is refused whole or stands whole${needs}`,
    async what => {
      const stage = new Stage(way, `echo ran >"$OUT"; ${way.verb === 'start' ? 'exec sleep 3600' : 'exit 0'}`)
      let [refused, stood] = [0, 0]
      for (let free = 0; free <= ENOUGH[what]; free += 1) {
        const context = `${free} free ${what}`
        const has_run = join(stage.world.path, `ran-${what}-${free}`)
        await stage.leave(free, what)
        const answer = await stage.call(`s${free}`, has_run)
        if (errorOf(way, answer) === null) {
          stood += 1
          expect(answer.code, context).toBe(0)
          await stage.free()
          await until(`${context}: the program to have run`, () => existsSync(has_run))
          const ended = await stage.launch.call(['session', 'stop', `s${free}`])
          expect(ended.code, `${context}: ${ended.stdout}`).toBe(0)
        } else {
          refused += 1
          // The program may have run for a moment, where it could not be recorded.
          expect(errorOf(way, answer), context).toEqual(NO_SPACE)
          expect(answer.code, context).not.toBe(0)
        }
        await stage.world.nothingLeft()
        await stage.clear()
      }
      expect(
        [refused, stood].every(count => count > 0),
        `${refused} refused, ${stood} stood`,
      ).toBe(true)
    },
  )

  test.skipIf(!can_make)(
    `a disk that fills up while the program runs does not take its exit code${needs}`,
    async () => {
      const stage = new Stage(way, 'echo ran >"$OUT"; until [ -e go ]; do sleep 0.02; done; exit 7')
      const going = stage.call('s', join(stage.world.path, 'ran'))
      const { run_id } = await stage.launch.running('s')
      await stage.leave(0, 'inodes')
      await stage.leave(0, 'blocks')
      stage.world.file('go', '')
      const answer = await going
      expect(await stage.launch.record(run_id, 'end')).toMatchObject({
        exit_code: 7,
        signal: null,
        exit_reason: 'natural',
      })
      if (way.verb === 'run') expect(answer.code).toBe(7)
      await stage.world.nothingLeft()
      const shown = await stage.launch.call(['show', run_id])
      expect(shown.envelope.data, shown.stdout).toMatchObject({ status: 'failed', exit_code: 7, damaged: [] })
    },
  )

  test.skipIf(!can_make).each(BECOMES)(
    `what runs can be ended when the disk has become $what${needs}`,
    async ({ script }) => {
      const stage = new Stage(way, 'echo ran >"$OUT"; exec sleep 3600')
      const going = ['a', 'b', 'c'].map(session => stage.call(session, join(stage.world.path, session)))
      const runs = await Promise.all(['a', 'b', 'c'].map(session => stage.launch.running(session)))
      if (way.verb === 'start') await Promise.all(going)
      await stage.become(script)
      const refused = await stage.call('refused', join(stage.world.path, 'refused'))
      expect(errorOf(way, refused), refused.stdout + refused.stderr).not.toBeNull()
      expect(existsSync(join(stage.world.path, 'refused'))).toBe(false)
      for (const argv of [
        ['stop', runs[0]?.run_id ?? ''],
        ['session', 'stop', 'b'],
        ['cleanup', '--session', 'c'],
      ]) {
        const { code, stdout, envelope } = await stage.launch.call(argv)
        expect(code, `${argv.join(' ')}: ${stdout}`).toBe(0)
        expect(envelope.data.stopped, argv.join(' ')).toMatchObject([{ outcome: 'stopped', survivors: [] }])
      }
      await Promise.all(going)
      await stage.world.nothingLeft()
      expect((await stage.launch.call(['ps'])).envelope.data.runs).toEqual([])
    },
  )
})

inEveryWay(['start', 'run'] as const, way => {
  test.skipIf(!can_make).each(BECOMES)(
    `what runs inside a run is ended with it when the disk has become $what${needs}`,
    async ({ script }) => {
      const inner = 'chaperone start --session inner -- sleep 3600'
      const stage = new Stage(way, `${inner}; echo ran >"$OUT"; exec sleep 3600`)
      const going = stage.call('s', join(stage.world.path, 'ran'))
      await stage.world.textIn('ran')
      const { run_id, main } = await stage.launch.running('inner')
      await stage.become(script)
      const stopped = await stage.launch.call(['stop', await stage.launch.runOf('s')])
      expect(stopped.code, stopped.stdout).toBe(0)
      expect(stopped.envelope.data.stopped).toMatchObject([{ outcome: 'stopped', survivors: [] }])
      expect((await stage.world.survivors()).map(({ pid }) => pid)).not.toContain(main.pid)
      await going
      await stage.world.nothingLeft()
      const shown = (await stage.launch.call(['show', run_id])).envelope.data
      expect(shown).toMatchObject({ owner: 'none', alive: false })
    },
  )
})

/** Inside a handler a start that failed is the handler's to answer for. */
const NO_SPACE = expect.toBeOneOf([
  expect.objectContaining({
    code: 'STATE_DIR_UNAVAILABLE',
    context: expect.objectContaining({ reason: 'no_space' }),
  }),
  expect.objectContaining({ code: 'START_FAILED', context: expect.objectContaining({ errno: 'ENOSPC' }) }),
])

/** A small disk, and a program on it. */
class Stage {
  readonly world: World
  readonly launch: Launch
  readonly #state: string

  constructor({ verb, method }: Way, program: string) {
    this.world = World.create(method, disk(verb))
    this.launch = new Launch(this.world, verb, ['sh', '-c', program])
    this.#state = stateOf(this.world.path, verb)
  }

  /** @param out where the program says that it ran */
  async call(session: string, out: string): Promise<WorldAnswer> {
    return (await this.world.exec(this.launch.argv(session), { env: { OUT: out } })).answer
  }

  /** Takes everything but so many blocks or inodes. */
  async leave(free: number, what: Scarce): Promise<void> {
    const script =
      what === 'blocks'
        ? `left=$(($(stat -f -c %a "$STATE") - ${free})); [ $left -le 0 ] || dd if=/dev/zero of="$STATE/fill" oflag=append conv=notrunc bs=${BLOCK_BYTES} count=$left 2>/dev/null`
        : `i=0; left=$(($(stat -f -c %d "$STATE") - ${free})); while [ $i -lt $left ]; do : >"$STATE/fill-$i"; i=$((i + 1)); done`
    await this.sh(script)
  }

  async become(script: string | null): Promise<void> {
    if (script !== null) return expect((await this.sh(script)).code).toBe(0)
    await this.leave(0, 'inodes')
    await this.leave(0, 'blocks')
  }

  async free(): Promise<void> {
    await this.sh('rm -f "$STATE"/fill*')
  }

  async clear(): Promise<void> {
    await this.sh('rm -rf "$STATE"/*')
  }

  sh(script: string): Promise<WorldAnswer> {
    return this.world.sh(script, { env: { STATE: this.#state } })
  }
}

/** What the call says was wrong with it; null where its program ran. */
function errorOf({ verb }: Way, answer: WorldAnswer): unknown {
  const { error } = verb === 'run' ? reportOf(answer) : answer.envelope
  return error
}

/**
 * The directories of live runs are closed, removed, or replaced by symlinks. What nobody could find any more ends by
 * itself, what can be found can be ended, and nothing of what a symlink leads to is touched.
 */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../e2e/harness/until.js'
import { Launch } from './harness/launch.js'
import { CLOSED, canMake, type Space } from './harness/space.js'
import { inEveryWay } from './harness/ways.js'
import { World } from './harness/world.js'

const can_close = canMake(CLOSED)

const BRIEFLY = ['--kill-after', '100ms']

const MIB = 1024 * 1024

const WHOLE_DIRECTORY = {
  what: "the run's directory",
  swap: (state: string, run: string, to: string) => swapped(join(state, 'runs', run), to),
}

/** What is tried with every kind of owner: its own files. */
const OF_OWNER = ['the state root is removed', 'the log', 'the journal', 'the end record']

inEveryWay(['start', 'run', 'ctx.run'], ({ verb, method }) => {
  /** What waits for seconds is tried once with every verb; what no owner has to do with, with one. */
  const is_first = (verb === 'run') === (method === 'subreaper')
  const is_only = verb === 'start' && is_first
  const isTried = ({ what }: { readonly what: string }): boolean =>
    verb === 'start' || OF_OWNER.includes(what)
  const begin = async (space: Space | null = null) => {
    const world = World.create(method, space)
    const launch = new Launch(world, verb, ['sleep', '3600'])
    const recorded = await launch.begin('s')
    const { state } = launch
    await until('the pid file', () => existsSync(join(state, 'sessions/s/children.pids')))
    return { world, launch, recorded, state, directory: join(state, 'runs', recorded.run_id) }
  }

  test.each(
    [
      {
        what: "the run's directory is removed",
        vanish: (_: string, directory: string) => removed(directory),
      },
      { what: 'the state root is removed', vanish: (state: string) => removed(state) },
      { what: 'the state root is moved away', vanish: (state: string) => renameSync(state, `${state}-old`) },
      {
        what: 'the state root is replaced by an empty one',
        vanish: (state: string) => {
          renameSync(state, `${state}-old`)
          mkdirSync(state, { mode: 0o700 })
        },
      },
    ].filter(isTried),
  )('$what: the run ends with nobody calling', async ({ vanish }) => {
    const { world, launch, state, directory } = await begin()
    vanish(state, directory)
    await world.nothingLeft()
    const ps = await launch.call(['ps'])
    expect(ps.code, ps.stdout).toBe(0)
  })

  test.each([
    { what: 'its name among what lives', places: ['live/RUN'] },
    { what: 'the directory of what lives', places: ['live'] },
    { what: 'the directory of the sessions', places: ['sessions'] },
  ])('$what is removed: the run is listed again, and ended with its session', async ({ places }) => {
    const { world, launch, recorded, state } = await begin()
    const { run_id } = recorded
    for (const place of places) removed(join(state, place.replace('RUN', run_id)))
    await until('ps to show it', async () => {
      const ps = await launch.call(['ps'])
      return ps.envelope.data.runs.some((run: { run_id: string }) => run.run_id === run_id)
    })
    const stopped = await launch.call(['session', 'stop', 's'])
    expect((await world.survivors()).filter(({ pid }) => pid === recorded.main.pid)).toEqual([])
    expect(stopped.code, stopped.stdout).toBe(0)
    expect(stopped.envelope.data.stopped).toMatchObject([{ run_id, outcome: 'stopped' }])
    await world.nothingLeft()
  })

  test.skipIf(!can_close)(
    `a directory that may not be entered is named, ends nothing, and its run can be ended afterwards${can_close ? '' : ' (needs a mount namespace)'}`,
    async () => {
      const { world, launch, recorded, state, directory } = await begin(CLOSED)
      const lives = async () => (await world.survivors()).some(({ pid }) => pid === recorded.main.pid)
      chmodSync(directory, 0)
      const shown = await launch.call(['show', recorded.run_id])
      expect(shown.envelope.data, shown.stdout).toMatchObject({ status: 'unknown', exit_code: null })
      expect(shown.envelope.data.damaged).toContainEqual(
        expect.objectContaining({ record: 'main', state: 'corrupt' }),
      )
      if (is_only) {
        const stopped = await launch.call(['stop', ...BRIEFLY, recorded.run_id])
        expect(stopped.code, stopped.stdout).toBe(4)
        expect(stopped.envelope.data.stopped).toMatchObject([{ outcome: 'unknown' }])
      }
      chmodSync(directory, 0o700)
      for (const name of ['runs', 'live']) {
        chmodSync(join(state, name), 0)
        for (const argv of [['ps'], ['stop', recorded.run_id], ['cleanup', '--all-sessions']]) {
          const { code, stdout, envelope } = await launch.call(argv)
          expect(code, stdout).toBe(4)
          expect(envelope.error).toMatchObject({
            code: 'STATE_DIR_UNAVAILABLE',
            context: { reason: 'not_accessible' },
          })
        }
        chmodSync(join(state, name), 0o700)
      }
      expect(await lives()).toBe(true)
      const stopped = await launch.call(['stop', recorded.run_id])
      expect(stopped.code, stopped.stdout).toBe(0)
      await world.nothingLeft()
    },
  )

  test.runIf(is_first)(
    "a run's directory that is a symlink to that of another run tells nothing, and takes nothing",
    async () => {
      const { world, launch, recorded, state, directory } = await begin()
      const other = await beside(launch)
      const victim = join(state, 'runs', other)
      const before = recordsIn(victim)
      swapped(directory, victim)

      const shown = await launch.call(['show', recorded.run_id])
      expect(shown.envelope.data, shown.stdout).toMatchObject({ status: 'unknown', exit_code: null })
      expect(shown.envelope.data.damaged).toContainEqual({
        record: 'main',
        state: 'corrupt',
        reason: 'its directory is a symbolic link',
      })
      expect(shown.envelope.data.log_ref).toBeNull()
      const logs = await launch.call(['logs', recorded.run_id])
      if (verb === 'start') expect(logs.envelope.error).toMatchObject({ code: 'LOG_UNREADABLE' })
      // Its owner ends it within seconds, whether anybody asks or not; nobody says so before.
      const argv = verb === 'start' ? ['stop', recorded.run_id] : ['cleanup', '--session', 's']
      const stopped = await launch.call(argv)
      expect(stopped.code, stopped.stdout).toBe(0)
      if (verb === 'start') {
        expect(stopped.envelope.data.stopped).toMatchObject([
          // Its owner may have been faster.
          { outcome: expect.stringMatching(/^(?:stopped|already_ended)$/), exit_reason: null },
        ])
        expect((await world.survivors()).map(({ pid }) => pid)).not.toContain(recorded.main.pid)
      }
      await until('the run to be over', () => !existsSync(join(state, 'live', recorded.run_id)))
      expect((await world.survivors()).map(({ pid }) => pid)).not.toContain(recorded.main.pid)
      const again = await launch.call(['stop', recorded.run_id])
      expect(again.envelope.data.stopped, again.stdout).toMatchObject([{ outcome: 'already_ended' }])
      expect((await launch.call(['cleanup', '--scope', 'logs'])).code).toBe(0)

      expect((await launch.call(['show', other])).envelope.data).toMatchObject({
        status: 'running',
        stop_cause: null,
      })
      expect(recordsIn(victim)).toEqual(before)
      rmSync(directory)
      expect((await launch.call(['stop', other])).code).toBe(0)
      await world.nothingLeft()
    },
  )

  test.runIf(is_only)(
    'a run whose directory is a symlink, and whose owner and guard are dead, is said to be unknown, and can be ended when it is back',
    async () => {
      const { world, launch, recorded, directory } = await begin()
      const aside = swapped(directory, world.directory('nothing'))
      for (const one of [recorded.guard, recorded.owner]) await world.witness.kill(one, 'SIGKILL')
      const { code, envelope, stdout } = await launch.call(['cleanup', '--all-sessions', ...BRIEFLY])
      expect(code, stdout).toBe(4)
      expect(envelope.error).toMatchObject({
        code: 'RECORDS_UNUSABLE',
        context: { run_ids: [recorded.run_id] },
      })
      expect((await world.survivors()).map(({ pid }) => pid)).toContain(recorded.main.pid)
      rmSync(directory)
      renameSync(aside, directory)
      const stopped = await launch.call(['stop', recorded.run_id])
      expect(stopped.code, stopped.stdout).toBe(0)
      await world.nothingLeft()
    },
  )

  test.each(
    [
      {
        what: 'its name in live/',
        swap: (state: string, run: string, to: string) => swapped(join(state, 'live', run), join(to, 'file')),
      },
      {
        what: "its session's directory",
        swap: (state: string, _: string, to: string) => swapped(join(state, 'sessions/s'), to),
      },
      {
        what: 'the pid file',
        swap: (state: string, _: string, to: string) =>
          swapped(join(state, 'sessions/s/children.pids'), join(to, 'file')),
      },
      {
        what: 'the log',
        swap: (state: string, run: string, to: string) =>
          swapped(join(state, 'runs', run, 'output.log'), join(to, 'log')),
      },
      {
        what: 'the journal',
        swap: (state: string, run: string, to: string) =>
          swapped(join(state, 'runs', run, 'seen.log'), join(to, 'file')),
      },
      {
        what: 'the end record',
        swap: (state: string, run: string, to: string) =>
          swapped(join(state, 'runs', run, 'end.json'), join(to, 'file')),
      },
      ...(is_only ? [WHOLE_DIRECTORY] : []),
      { what: 'runs/', swap: (state: string, _: string, to: string) => swapped(join(state, 'runs'), to) },
      { what: 'live/', swap: (state: string, _: string, to: string) => swapped(join(state, 'live'), to) },
    ].filter(isTried),
  )(
    '$what is a symlink now: nothing behind it is touched, and the run can be ended',
    async ({ what, swap }) => {
      const { world, launch, recorded, state } = await begin()
      const victim = victimIn(world, what === 'the log')
      const before = contentOf(victim)
      const aside = swap(state, recorded.run_id, victim)
      for (const argv of [
        ['ps', '--all'],
        ['cleanup', '--all-sessions'],
        ['stop', '--force', recorded.run_id],
        ['cleanup', '--scope', 'all', '--all-sessions'],
      ]) {
        const { code, stdout, stderr } = await launch.call(argv)
        expect(code, `${argv.join(' ')}: ${stdout}${stderr}`).not.toBe(1)
        expect(contentOf(victim), `${what}, ${argv.join(' ')}: ${stdout}`).toEqual(before)
      }
      const path = aside.replace(/\.aside$/, '')
      rmSync(path, { force: true })
      if (existsSync(aside) && !existsSync(path)) renameSync(aside, path)
      const stopped = await launch.call(['stop', recorded.run_id])
      expect(stopped.code, stopped.stdout).toBeOneOf([0, 5])
      await world.nothingLeft()
      expect(contentOf(victim), what).toEqual(before)
    },
  )
})

/** Another run of the same tool. @returns its id */
async function beside(launch: Launch): Promise<string> {
  return (await launch.begin('beside')).run_id
}

/** The records of a run that its owner does not go on writing. */
const recordsIn = (directory: string): Record<string, string> =>
  Object.fromEntries(Object.entries(contentOf(directory)).filter(([name]) => name !== 'seen.log'))

/** Somebody's directory, with files of every name that could be taken for ours. */
function victimIn(world: World, has_long_log: boolean): string {
  const victim = world.directory('victim')
  for (const name of ['file', 'log', 'children.pids', 'stopping.json', 'intent.json', 'end.json'])
    writeFileSync(join(victim, name), `${name} of somebody\n`)
  // Longer than any log of ours may be.
  if (has_long_log) writeFileSync(join(victim, 'log'), Buffer.alloc(66 * MIB, 'x'))
  return victim
}

/** The names in a directory but for those of files that are being written. */
const settledIn = (directory: string): string[] =>
  readdirSync(directory).filter(name => !(name.startsWith('.') && name.endsWith('.tmp')))

/** What is in a directory, and how it is there. */
function contentOf(directory: string): Record<string, string> {
  return Object.fromEntries(
    settledIn(directory).map(name => {
      const { size, mtimeMs } = lstatSync(join(directory, name))
      const text = size < MIB ? readFileSync(join(directory, name), 'latin1') : ''
      return [name, `${size} ${mtimeMs} ${text}`]
    }),
  )
}

/** At once: what its owner puts back meanwhile is not in the way. */
function removed(path: string): void {
  renameSync(path, `${path}.gone`)
  rmSync(`${path}.gone`, { recursive: true })
}

/** @returns where the thing itself is now */
function swapped(path: string, to: string): string {
  const aside = `${path}.aside`
  if (existsSync(path)) renameSync(path, aside)
  for (let tries = 1; ; tries += 1) {
    try {
      symlinkSync(to, path)
      return aside
    } catch (error) {
      // Its owner was faster, and has put it back.
      if (tries >= 10) throw error
      rmSync(path, { recursive: true })
    }
  }
}

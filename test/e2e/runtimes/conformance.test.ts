/** What every runtime promises, whatever a program runs on: one suite, and a table of those that it is held against. */
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { gone } from '../background/holders.js'
import { family, familyOf, pidIn, SLEEPER, script, stubborn } from '../background/programs.js'
import { finished, Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'
import { isAlive } from '../harness/witness.js'
import { ADAPTERS } from './adapters.js'
import { loadedDescriptorsOf, parentOf, teller, told } from './programs.js'

/** What shells, tmux, printf and dates would each make something else of. */
const ODD = [
  'two words',
  '',
  "it's",
  '"quoted"',
  '$HOME',
  '`id`',
  'line\nbreak',
  'tab\there',
  'back\\slash',
  '#{pid}',
  '#(id)',
  '%H%%',
  '~',
  '*',
  ';',
  'end;',
  '\\;',
  '-t',
  '--',
  '!!',
  'grün ✓',
  '{a,b}',
  "$'x'",
  '\u0001\u007f',
  '&& exit',
]

for (const { runtime, handle, has_terminal, outlives_call, world } of ADAPTERS) {
  describe(runtime, () => {
    test('argv arrives unchanged', async () => {
      const sandbox = Sandbox.create()
      const tool = world(sandbox)
      const { run_id } = await tool.start(teller(sandbox, ...ODD))
      expect((await told(sandbox)).argv).toEqual(ODD)
      await tool.stop(run_id)
    })

    test('the environment arrives unchanged, but for what names the terminal', async () => {
      const sandbox = Sandbox.create()
      const tool = world(sandbox)
      const odd = Object.fromEntries(ODD.map((value, index) => [`ODD_${index}`, value]))
      const env = {
        ...odd,
        NODE_OPTIONS: '',
        'with space': 'x',
        'dash-ed': '1',
        _lower: '$',
      }
      const { run_id, session_id } = await tool.start(teller(sandbox), { env })
      const found: Record<string, string> = { ...(await told(sandbox)).env }
      const ids = { [`${tool.prefix}RUN_ID`]: run_id, [`${tool.prefix}SESSION_ID`]: session_id }
      expect(found).toMatchObject(ids)
      for (const name of Object.keys(ids)) delete found[name]
      // Nobody pages through what a tool starts for itself (REQ-F-010).
      if (outlives_call) expect(found).toMatchObject({ PAGER: 'cat', GIT_PAGER: 'cat' })
      for (const name of outlives_call ? ['PAGER', 'GIT_PAGER'] : []) delete found[name]
      if (has_terminal) for (const name of ['TERM', 'TMUX', 'TMUX_PANE']) delete found[name]
      expect(found).toEqual({ ...sandbox.env, ...tool.env, ...env })
      await tool.stop(run_id)
    })

    test('200 KB of environment arrive whole', async () => {
      const sandbox = Sandbox.create()
      const tool = world(sandbox)
      const env = Object.fromEntries(
        Array.from({ length: 20 }, (_, i) => [`BLOCK_${i}`, `${i} '$"\n`.repeat(2_000).slice(0, 10_240)]),
      )
      const { run_id } = await tool.start(teller(sandbox), { env })
      expect((await told(sandbox)).env).toMatchObject(env)
      await tool.stop(run_id)
    })

    test('the program begins in the working directory, whatever its name', async () => {
      const sandbox = Sandbox.create()
      const tool = world(sandbox)
      const cwd = join(sandbox.path, "a b'c #{pid} %H $HOME;")
      mkdirSync(cwd)
      const { run_id } = await tool.start(teller(sandbox), { cwd })
      expect((await told(sandbox)).cwd).toBe(cwd)
      await tool.stop(run_id)
    })

    test('the umask is that of the caller, also of the second one in a session', async () => {
      const sandbox = Sandbox.create()
      const tool = world(sandbox)
      const first = await tool.start(SLEEPER, { session: 'both' })
      const second = await tool.start(teller(sandbox), { session: 'both', umask: '027' })
      expect((await told(sandbox)).umask).toBe(0o027)
      await tool.stop(second.run_id)
      await tool.stop(first.run_id)
    })

    // In the foreground it gets what its caller passes on, as from `env` or `timeout`.
    test.runIf(outlives_call)('the program gets no descriptor beside its own three', async () => {
      const sandbox = Sandbox.create()
      const tool = world(sandbox)
      const { background_pid, run_id, log_path } = await tool.start(SLEEPER)
      const descriptors = await loadedDescriptorsOf(background_pid)
      expect(Object.keys(descriptors)).toEqual(['0', '1', '2'])
      if (has_terminal) {
        expect(descriptors[0]).toMatch(/^\/dev\/pts\/\d+$/)
        expect(new Set(Object.values(descriptors)).size).toBe(1)
      } else expect(descriptors).toEqual({ 0: '/dev/null', 1: log_path, 2: log_path })
      await tool.stop(run_id)
    })

    test.runIf(outlives_call)('nothing that lives on holds what the caller had open', async () => {
      const sandbox = Sandbox.create()
      const tool = world(sandbox)
      // Beyond the ones that Node marks for itself.
      const stdio = Array.from({ length: 65 }, (_, fd) => (fd < 4 || fd === 64 ? 'pipe' : 'ignore'))
      const caller = sandbox.spawn(
        ['launch'],
        tool.with({ env: { PROGRAM: JSON.stringify(SLEEPER) } }),
        stdio as ('pipe' | 'ignore')[],
      )
      const closed = [3, 64].map(
        fd =>
          new Promise<void>(resolve => caller.stdio[fd]?.on('close', () => resolve()).on('data', () => {})),
      )
      const { envelope } = await finished(caller)
      await Promise.all(closed)
      expect(isAlive(envelope.data.background_pid)).toBe(true)
      await tool.stop(envelope.data.run_id)
    })

    test('an end with code 0 is on record as exited', async () => {
      const tool = world(Sandbox.create())
      const { run_id } = await tool.start(['true'])
      expect(await tool.ended(run_id)).toMatchObject({
        status: 'exited',
        exit_code: 0,
        signal: null,
        exit_reason: 'natural',
        stop_cause: null,
      })
    })

    test('another code is on record as failed, as it was', async () => {
      const tool = world(Sandbox.create())
      const { run_id } = await tool.start(['sh', '-c', 'exit 207'])
      expect(await tool.ended(run_id)).toMatchObject({
        status: 'failed',
        exit_code: 207,
        exit_reason: 'natural',
      })
    })

    test('a signal is on record as killed, by its name', async () => {
      const tool = world(Sandbox.create())
      const { run_id } = await tool.start(['sh', '-c', 'kill -USR1 $$; sleep 60'])
      expect(await tool.ended(run_id)).toMatchObject({
        status: 'killed',
        exit_code: null,
        signal: 'SIGUSR1',
        exit_reason: 'signal',
        stop_cause: null,
      })
    })

    for (const [what, errno, program] of [
      ['that is not there', 'ENOENT', './missing'],
      ['that cannot be executed', 'EACCES', './plain'],
    ] as const) {
      test(`a program ${what} is refused with its errno, and nothing is left`, async () => {
        const sandbox = Sandbox.create()
        sandbox.file('plain', 'text')
        const tool = world(sandbox)
        const error = await tool.refused(program)
        expect(error).toMatchObject({ code: 'START_FAILED', context: { errno } })
        const { run_id } = error.context
        expect((await tool.call(['show', run_id])).envelope.data).toMatchObject({
          status: 'failed',
          exit_reason: 'start_failed',
          handle: null,
        })
        await sandbox.nothingLeft()
      })
    }

    test('stop asks by TERM, says stopped once the program is gone, and why', async () => {
      const sandbox = Sandbox.create()
      const tool = world(sandbox)
      const program = script(
        sandbox,
        'polite',
        `trap 'echo term >"$1/heard"; exit 3' TERM; echo $$ >"$1/polite.pid"; while :; do sleep 0.05; done`,
      )
      const { run_id, background_pid } = await tool.start(program)
      await pidIn(sandbox, 'polite')
      expect(await tool.stop(run_id)).toMatchObject({
        outcome: 'stopped',
        exit_reason: 'natural',
        stop_cause: 'user',
      })
      expect(isAlive(background_pid)).toBe(false)
      expect(readFileSync(join(sandbox.path, 'heard'), 'utf8')).toBe('term\n')
      expect(await tool.show(run_id)).toMatchObject({
        status: 'failed',
        exit_code: 3,
        stop_cause: 'user',
        alive: false,
      })
      expect(await tool.stop(run_id)).toMatchObject({ outcome: 'already_ended' })
    })

    test('a program that ignores TERM gets KILL after the grace', async () => {
      const sandbox = Sandbox.create()
      const tool = world(sandbox)
      const { run_id, background_pid } = await tool.start(stubborn(sandbox))
      await pidIn(sandbox, 'stubborn')
      expect(await tool.stop(run_id, '--kill-after', '200ms')).toMatchObject({
        outcome: 'stopped',
        exit_reason: 'forced_kill',
      })
      expect(isAlive(background_pid)).toBe(false)
      await sandbox.nothingLeft()
    })

    test('stop --force gives no grace', async () => {
      const sandbox = Sandbox.create()
      const tool = world(sandbox)
      const { run_id } = await tool.start(stubborn(sandbox))
      await pidIn(sandbox, 'stubborn')
      expect(await tool.stop(run_id, '--force')).toMatchObject({
        outcome: 'stopped',
        exit_reason: 'forced_kill',
      })
      await sandbox.nothingLeft()
    })

    test('stop ends the whole tree: its group, a session of its own, an orphan', async () => {
      const sandbox = Sandbox.create()
      const tool = world(sandbox)
      const { run_id } = await tool.start(family(sandbox))
      const pids = await familyOf(sandbox)
      expect(await tool.stop(run_id)).toMatchObject({ outcome: 'stopped', survivors: [] })
      expect(pids.filter(isAlive)).toEqual([])
      await sandbox.nothingLeft()
    })

    test('what the main process leaves behind is ended with it', async () => {
      const sandbox = Sandbox.create()
      const tool = world(sandbox)
      const program = script(
        sandbox,
        'leaver',
        `(sleep 3600 & echo $! >"$1/child.pid"); setsid sh -c 'echo $$ >"$1/setsid.pid"; exec sleep 3600' sh "$1" &
while [ ! -e "$1/go" ]; do sleep 0.05; done; exit 4`,
      )
      const { run_id } = await tool.start(program)
      const pids = [await pidIn(sandbox, 'child'), await pidIn(sandbox, 'setsid')]
      // What left group and session is the run's as soon as it was seen there.
      const journal = join(tool.state, 'runs', run_id, 'seen.log')
      await until('all to be seen', () =>
        pids.every(pid => readFileSync(journal, 'utf8').includes(`"pid":${pid},`)),
      )
      sandbox.file('go', '')
      expect(await tool.ended(run_id)).toMatchObject({ exit_code: 4, stop_cause: null, leftovers: [] })
      expect(pids.filter(isAlive)).toEqual([])
      await sandbox.nothingLeft()
    })

    test('the lifetime is kept with nobody calling', async () => {
      const sandbox = Sandbox.create()
      const tool = world(sandbox, { max_lifetime_seconds: 1 })
      const { run_id, background_pid } = await tool.start(SLEEPER)
      expect(await tool.endOf(run_id)).toMatchObject({ stop_cause: 'max_lifetime', signal: 'SIGTERM' })
      expect(isAlive(background_pid)).toBe(false)
      await sandbox.nothingLeft()
    })

    test('when its owner is killed the run is ended, and says so', async () => {
      const sandbox = Sandbox.create()
      const tool = world(sandbox)
      const { run_id, background_pid } = await tool.start(family(sandbox))
      const pids = [background_pid, ...(await familyOf(sandbox))]
      process.kill(parentOf(background_pid), 'SIGKILL')
      expect(await tool.endOf(run_id)).toMatchObject({ stop_cause: 'owner_lost' })
      expect(pids.filter(isAlive)).toEqual([])
      await sandbox.nothingLeft()
    })

    test('TERM to its owner ends the run, on record as what it was', async () => {
      const sandbox = Sandbox.create()
      const tool = world(sandbox)
      const { run_id, background_pid } = await tool.start(SLEEPER)
      process.kill(parentOf(background_pid), 'SIGTERM')
      expect(await tool.endOf(run_id)).toMatchObject({ stop_cause: 'parent_signal', signal: 'SIGTERM' })
      await gone(background_pid)
      await sandbox.nothingLeft()
    })

    test.runIf(outlives_call)('a run whose caller is killed before it could answer is ended', async () => {
      const sandbox = Sandbox.create()
      const tool = world(sandbox, { start_options: 'ready: { log: /never/ }' })
      const caller = sandbox.spawn(
        ['launch'],
        tool.with({ env: { PROGRAM: JSON.stringify(stubborn(sandbox)) } }),
      )
      const pid = await pidIn(sandbox, 'stubborn')
      caller.kill('SIGKILL')
      await finished(caller)
      await gone(pid)
      await sandbox.nothingLeft()
    })

    test.runIf(outlives_call)('it is ready when a line of its log says so', async () => {
      const sandbox = Sandbox.create()
      const tool = world(sandbox, { start_options: 'ready: { log: /^ready 1$/ }' })
      const program = script(sandbox, 'slow', `sleep 0.3; touch "$1/said"; echo 'ready 1'; sleep 3600`)
      const { run_id } = await tool.start(program)
      expect(existsSync(join(sandbox.path, 'said'))).toBe(true)
      await tool.stop(run_id)
    })

    test('session stop ends it with the others', async () => {
      const sandbox = Sandbox.create()
      const tool = world(sandbox)
      const runs = [
        await tool.start(SLEEPER, { session: 'three' }),
        await tool.start(SLEEPER, { session: 'three' }),
      ]
      const other = await tool.start(SLEEPER, { session: 'four' })
      const { code, envelope } = await tool.call(['session', 'stop', 'three'])
      expect(code).toBe(0)
      expect(envelope.data.stopped).toHaveLength(2)
      expect(runs.map(run => isAlive(run.background_pid))).toEqual([false, false])
      expect(isAlive(other.background_pid)).toBe(true)
      await tool.stop(other.run_id)
    })

    test('eight starts at once: none is lost, and none is left', async () => {
      const sandbox = Sandbox.create()
      const tool = world(sandbox)
      const runs = await Promise.all(
        Array.from({ length: 8 }, () => tool.start(SLEEPER, { session: 'many' })),
      )
      const { envelope } = await tool.call(['ps'])
      expect(envelope.data.runs.map((run: { run_id: string }) => run.run_id).sort()).toEqual(
        runs.map(run => run.run_id).sort(),
      )
      const pids = runs.map(run => run.background_pid)
      expect(pids.map(isAlive)).toEqual(pids.map(() => true))
      expect((await tool.call(['session', 'stop', 'many'])).code).toBe(0)
      expect(pids.filter(isAlive)).toEqual([])
      await sandbox.nothingLeft()
    })

    test('show names the runtime, the handle and what is alive', async () => {
      const tool = world(Sandbox.create())
      const { run_id, background_pid, pid_file } = await tool.start(SLEEPER)
      const shown = await tool.show(run_id)
      expect(shown).toMatchObject({ runtime, status: 'running', owner: 'alive', alive: true })
      expect(Object.keys(shown.handle).sort()).toEqual([...handle].sort())
      const { envelope } = await tool.call(['ps'])
      expect(envelope.data.runs).toMatchObject([{ run_id, runtime, handle: shown.handle }])
      // That of a program in the foreground is written a moment after its start.
      const pids = await until('the pid file', () => existsSync(pid_file) && readFileSync(pid_file, 'utf8'))
      expect(pids).toBe(`${background_pid}\n`)
      await tool.stop(run_id)
      expect(await tool.show(run_id)).toMatchObject({
        runtime,
        alive: false,
        owner: 'none',
        handle: shown.handle,
      })
      expect(existsSync(pid_file)).toBe(false)
    })

    test('the log is whole: from the first line, in order, to the last', async () => {
      const sandbox = Sandbox.create()
      const tool = world(sandbox)
      const { run_id, log_path } = await tool.start(['sh', '-c', 'seq 1 50000; printf end'])
      await tool.endOf(run_id)
      const expected = `${Array.from({ length: 50_000 }, (_, i) => i + 1).join('\n')}\nend`
      // As it is on the disk in the moment in which the end is on record.
      expect(readFileSync(log_path, 'utf8').replaceAll('\r\n', '\n') === expected).toBe(true)
      expect(statSync(log_path).mode & 0o777).toBe(0o600)
    })

    test.runIf(outlives_call)('the log keeps its cap, its head and its tail', async () => {
      const sandbox = Sandbox.create()
      const tool = world(sandbox, { start_options: 'log_max_bytes: 262144' })
      const { run_id, log_path } = await tool.start(['sh', '-c', 'echo head; seq 1 400000; echo tail'])
      await tool.endOf(run_id)
      const text = readFileSync(log_path, 'utf8').replaceAll('\r\n', '\n')
      expect(text.startsWith('head\n1\n2\n')).toBe(true)
      expect(text.endsWith('\n399999\n400000\ntail\n')).toBe(true)
      expect(statSync(log_path).blocks * 512).toBeLessThanOrEqual(262_144)
    })

    test('attach answers with the command that opens the terminal, or that there is none', async () => {
      const tool = world(Sandbox.create())
      const { run_id } = await tool.start(SLEEPER)
      const { code, envelope } = await tool.call(['attach', run_id])
      if (has_terminal) expect(envelope.data).toMatchObject({ run_id, attached: false })
      else expect({ code, error: envelope.error }).toMatchObject({ code: 4, error: { code: 'NO_TERMINAL' } })
      await tool.stop(run_id)
    })
  })
}

/** What is started past Node is the same to the program as what Node starts, and fails as that does. */
import { ChildProcess, type StdioOptions, spawn as spawnByNode } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs'
import { constants } from 'node:os'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadNative, nativePath } from '../../../framework/process/native.js'
import type { Spawn } from '../../../framework/process/posix-spawn.js'
import { type Spawned, Subreaper } from '../../../framework/process/subreaper.js'
import { stage } from './stage.js'
import { asleep, ps, waitFor } from './witness.js'

let subreaper: Subreaper
beforeEach(() => {
  const path = nativePath()
  if (path === null) throw new Error('these tests need the optional dependencies')
  subreaper = new Subreaper(loadNative(path))
})
afterEach(() => subreaper.resign())

const PATH = process.env['PATH'] ?? ''

/** Of a program in the stage's directory, with its marker. */
const request = (argv: Spawn['argv'], rest: Partial<Spawn> = {}): Spawn => ({
  argv,
  cwd: stage.directory,
  descriptors: [null, null, null],
  is_leader: true,
  ...rest,
  environment: { PATH, D: stage.directory, ...rest.environment, [stage.marker.name]: stage.marker.value },
})

function started(spawn: Spawn): Spawned {
  const child = subreaper.spawn(spawn)
  if (!child) throw new Error('this C library cannot start a process')
  stage.alsoEnd(child.pid)
  return child
}

/** The same by Node. */
function byNode({ argv: [program, ...args], environment, cwd, descriptors, is_leader }: Spawn) {
  const stdio: StdioOptions = descriptors.map(descriptor => descriptor ?? 'ignore')
  return spawnByNode(program, args, { cwd, env: environment, stdio, detached: is_leader })
}

/** The name of the error with which a start fails; null where it does not. */
async function failure(start: () => Spawned | ChildProcess | null): Promise<unknown> {
  try {
    const child = start()
    if (child instanceof ChildProcess) await once(child, 'exit')
    return null
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error
  }
}

/** What a process is given, as the kernel tells it. */
function given(pid: number) {
  const proc = (name: string): string => readFileSync(`/proc/${pid}/${name}`, 'latin1')
  const [, ...signals] = /^SigBlk:\t(\w+)\nSigIgn:\t(\w+)\nSigCgt:\t(\w+)$/m.exec(proc('status')) ?? []
  return {
    argv: proc('cmdline').split('\0'),
    environment: proc('environ').split('\0').sort(),
    cwd: readlinkSync(`/proc/${pid}/cwd`),
    program: readlinkSync(`/proc/${pid}/exe`),
    descriptors: readdirSync(`/proc/${pid}/fd`).map(fd => [fd, readlinkSync(`/proc/${pid}/fd/${fd}`)]),
    signals,
    leads: [ps(pid, 'pgid'), ps(pid, 'sid')].map(number => number === String(pid)),
  }
}

const LIVING: Record<string, () => Partial<Spawn>> = {
  'with arguments and an environment of every kind': () => ({
    environment: { EMPTY: '', QUOTES: `'"$(x)`, LINES: 'a\n\tb', WORDS: 'ä€😀', LONG: 'x'.repeat(100_000) },
  }),
  'as the leader of a session': () => ({ is_leader: true }),
  'in our session and group': () => ({ is_leader: false }),
  'with files as its descriptors': () => {
    const file = openSync(stage.path('output'), 'w')
    return { descriptors: [null, file, file, file] }
  },
}

test.each(Object.entries(LIVING))('a program is started %s', async (_, rest) => {
  const spawn = request(['sleep', '600'], rest())
  const ours = started(spawn)
  const theirs = byNode(spawn)
  if (theirs.pid === undefined) throw new Error('sleep could not be started')
  stage.alsoEnd(theirs.pid)
  for (const pid of [ours.pid, theirs.pid]) await asleep(pid)
  expect(given(ours.pid)).toEqual(given(theirs.pid))
  for (const { pid } of [ours, theirs]) if (pid !== undefined) process.kill(pid, 'SIGKILL')
  await once(theirs, 'exit')
  expect(await ours.exited).toEqual({ exit_code: null, signal: 'SIGKILL' })
  for (const fd of spawn.descriptors.slice(1, 2)) if (fd !== null) closeSync(fd)
})

test('signals that we ignore or catch are at their defaults in the program', async () => {
  const caught = () => {}
  process.on('SIGUSR2', caught)
  const ours = started(request(['sleep', '600']))
  await asleep(ours.pid)
  expect(given(ours.pid).signals).toEqual(Array(3).fill('0'.repeat(16)))
  process.off('SIGUSR2', caught)
})

test('every exit code and every signal is told as it was', async () => {
  for (const code of [0, 1, 2, 42, 125, 255])
    expect(await started(request(['sh', '-c', `exit ${code}`])).exited).toEqual({
      exit_code: code,
      signal: null,
    })
  const { SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGCHLD, SIGCONT, SIGURG, SIGWINCH, ...ending } =
    constants.signals
  for (const [signal, number] of Object.entries(ending)) {
    const { exited } = started(request(['sh', '-c', `ulimit -c 0; kill -${number} $$`]))
    const named = signal === 'SIGIOT' ? 'SIGABRT' : signal === 'SIGPOLL' ? 'SIGIO' : signal
    expect(await exited).toEqual({ exit_code: null, signal: named })
  }
  // A real-time signal has no name.
  expect(await started(request(['sh', '-c', 'kill -40 $$'])).exited).toEqual({ exit_code: 168, signal: null })
})

test('the program is found by the PATH of its own environment, as execvp finds it', async () => {
  for (const name of ['first', 'second']) mkdirSync(stage.path(name))
  const write = (path: string, text: string, mode: number) => {
    writeFileSync(stage.path(path), text)
    chmodSync(stage.path(path), mode)
  }
  write('first/probe', '#!/bin/sh\nexit 3\n', 0o644)
  write('second/probe', '#!/bin/sh\nexit 4\n', 0o755)
  write('local', '#!/bin/sh\nexit 5\n', 0o755)
  // No format that the kernel knows: the shell's then.
  write('bare', 'exit "$1"\n', 0o755)
  const [first, second] = ['first', 'second'].map(name => stage.path(name))
  const cases: [string[], string][] = [
    [['probe'], `${first}:${second}`],
    [['probe'], `first:second`],
    [['local'], `${first}::${second}`],
    [['./local'], ''],
    [[stage.path('second/probe')], '/nowhere'],
    [['bare', '6'], `${first}:.`],
    [['./bare', '7'], ''],
  ]
  for (const [[program = '', ...args], path] of cases) {
    const spawn = request([program, ...args], { environment: { PATH: path } })
    const [code] = await once(byNode(spawn), 'exit')
    expect((await started(spawn).exited).exit_code, `${program} in ${path}`).toBe(code)
  }
})

test('a start that fails says why, as one by Node does, and leaves no process', async () => {
  writeFileSync(stage.path('text'), 'text')
  mkdirSync(stage.path('directory'))
  const cases: Spawn[] = [
    request(['no-such-program']),
    request(['./no-such-program']),
    request(['./text']),
    request(['./directory']),
    request(['./text/below']),
    request(['true'], { cwd: stage.path('nowhere') }),
    request(['true'], { cwd: stage.path('text') }),
    request(['true'], { environment: { PATH: '/nowhere' } }),
    request(['true', 'x'.repeat(200_000)]),
  ]
  const children = (): string[] =>
    readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'latin1').trim().split(' ')
  const before = new Set(children())
  for (const spawn of cases) {
    const expected = await failure(() => byNode(spawn))
    expect(expected, spawn.argv[0]).toMatch(/^E/)
    expect(await failure(() => subreaper.spawn(spawn)), spawn.argv[0]).toBe(expected)
  }
  expect(children().filter(pid => !before.has(pid))).toEqual([])
})

test('of many that end at once each tells its own exit, and none stays a zombie', async () => {
  const codes = Array.from({ length: 100 }, (_, code) => code)
  const all = codes.map(code => started(request(['sh', '-c', `exit ${code}`])))
  const exits = await Promise.all(all.map(({ exited }) => exited))
  expect(exits.map(({ exit_code }) => exit_code)).toEqual(codes)
  await waitFor('all to be reaped', () => all.every(({ pid }) => ps(pid, 'stat') === null))
})

/** A stream that has nothing to write: it ends with its reader all the same, and with nothing that is no end of one. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SLEEPER, script } from '../background/programs.js'
import { type CallOptions, CHAPERONE, finished, Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'
import { CRASHING, installed, USELESS } from '../tracking/installation.js'

/** A run that says one thing, and another one when the file `go` is there; then there is `said`. */
async function quietRun(options: CallOptions = {}) {
  const sandbox = Sandbox.create()
  const body = `echo one; while ! [ -e "$1/go" ]; do sleep 0.05; done; echo two; : >"$1/said"; exec ${SLEEPER.join(' ')}`
  const program = script(sandbox, 'quiet', body)
  const started = await sandbox.call(['start', '--session', 'e1', '--', ...program], options)
  expect(started.code, started.stdout).toBe(0)
  const { run_id } = started.envelope.data
  return {
    sandbox,
    streams: {
      'events --follow': ['events', '-f', '--session', 'e1'],
      'logs --follow': ['logs', run_id, '-f', '--format', 'plain'],
    },
    go: () => writeFileSync(join(sandbox.path, 'go'), ''),
    status: async () => (await sandbox.call(['show', run_id], options)).envelope.data.status,
    stop: () => sandbox.call(['session', 'stop', 'e1'], options),
  }
}

const STREAMS = ['events --follow', 'logs --follow'] as const

/** Whether a process has loaded the native module, by what is mapped into it. */
const hasLoaded = (pid: number | undefined): boolean =>
  readFileSync(`/proc/${pid}/maps`, 'utf8').includes('koffi.node')

const loaded = ({ pid }: ChildProcess): Promise<unknown> =>
  until('the native module to be loaded', () => hasLoaded(pid))

for (const name of STREAMS) {
  test(`REQ-F-014: ${name} | head -n 1 ends though nothing more comes, silently, exit 0, and the run goes on`, async () => {
    const { sandbox, streams, status, stop } = await quietRun()
    const words = ['node', CHAPERONE, ...streams[name]].map(word => `'${word}'`).join(' ')
    const { stdout, stderr } = await sandbox.sh(`{ ${words}; echo $? >code; } | head -n 1`)
    expect(stdout).toMatch(/^(?:one|\{"event":"started".*\})\n$/)
    expect(stderr).toBe('')
    expect(readFileSync(join(sandbox.path, 'code'), 'utf8')).toBe('0\n')
    expect(await status()).toBe('running')
    expect((await stop()).code).toBe(0)
  })

  test(`${name} ends when a Node program closes its end, though nothing more comes`, async () => {
    const { sandbox, streams, status, stop } = await quietRun()
    const child = sandbox.spawn(streams[name])
    let stderr = ''
    child.stderr?.on('data', chunk => {
      stderr += chunk
    })
    await once(child.stdout ?? child, 'data')
    child.stdout?.destroy()
    expect(await once(child, 'close')).toEqual([0, null])
    expect(stderr).toBe('')
    expect(await status()).toBe('running')
    expect((await stop()).code).toBe(0)
  })
}

test('a stream that has something to write all the time loads nothing', async () => {
  const sandbox = Sandbox.create()
  const program = script(sandbox, 'busy', 'while :; do echo again; sleep 0.02; done')
  const { run_id } = (await sandbox.call(['start', '--session', 'e1', '--', ...program])).envelope.data
  const child = sandbox.spawn(['logs', run_id, '-f', '--format', 'plain'])
  let stdout = ''
  child.stdout?.on('data', chunk => {
    stdout += chunk
  })
  await until('a hundred lines', () => stdout.length > 100 * 'again\n'.length)
  expect(hasLoaded(child.pid)).toBe(false)
  child.stdout?.destroy()
  expect(await once(child, 'exit')).toEqual([0, null])
  expect((await sandbox.call(['session', 'stop', 'e1'])).code).toBe(0)
})

test('a reader that is there and reads nothing is no end', async () => {
  const { sandbox, streams, go, stop } = await quietRun()
  const child = sandbox.spawn(streams['logs --follow'])
  await loaded(child)
  go()
  await until('the run to have gone on', () => existsSync(join(sandbox.path, 'said')))
  // Only now it reads.
  const ended = finished(child)
  await stop()
  expect(await ended).toMatchObject({ code: 0, stdout: 'one\ntwo\n', stderr: '' })
})

/** A python program that gives a command one end of a socket, and then says what it got and how the command ended. */
const HALF_CLOSED = `
import os, socket, subprocess, sys, time
ours, theirs = socket.socketpair()
child = subprocess.Popen(sys.argv[2:], stdout=theirs)
theirs.close()
text = ours.recv(100)
ours.shutdown(socket.SHUT_WR)
while 'koffi.node' not in open('/proc/%d/maps' % child.pid).read(): time.sleep(.01)
open(sys.argv[1], 'w').close()
text += ours.recv(100)
ours.close()
print(text.decode().split(), child.wait())
`

test('a socket whose other end will send no more, and reads on, is no end; once that is closed, it is', async () => {
  const { sandbox, streams, stop } = await quietRun()
  const python = sandbox.file('half-closed.py', HALF_CLOSED)
  const words = ['python3', python, 'go', process.execPath, CHAPERONE, ...streams['logs --follow']]
  const { stdout, stderr } = await sandbox.sh(words.map(word => `'${word}'`).join(' '))
  expect(stdout + stderr).toBe("['one', 'two'] 0\n")
  await stop()
})

/** A python program that closes the terminal of a command to which no signal tells it, and says how the command ended. */
const HUNG_UP = `
import os, pty, subprocess, sys
ours, theirs = pty.openpty()
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=theirs, start_new_session=True)
os.close(theirs)
os.read(ours, 100)
os.close(ours)
print(child.wait())
`

test('a terminal that is closed ends it as SIGHUP does, exit 129', async () => {
  const { sandbox, streams, stop } = await quietRun()
  const python = sandbox.file('hung-up.py', HUNG_UP)
  const words = ['python3', python, process.execPath, CHAPERONE, ...streams['logs --follow']]
  const { stdout, stderr } = await sandbox.sh(words.map(word => `'${word}'`).join(' '))
  expect(stdout + stderr).toBe('129\n')
  await stop()
})

test('where nobody has tried the native module yet, as on the lesser tracking method, it is tried first', async () => {
  const options = { env: { CHAPERONE_TRACKING: 'snapshot' } }
  const { sandbox, streams, stop } = await quietRun(options)
  const child = sandbox.spawn(streams['events --follow'], options)
  await once(child.stdout ?? child, 'data')
  child.stdout?.destroy()
  expect(await once(child, 'exit')).toEqual([0, null])
  await stop()
})

test.each([
  ['is not installed', null],
  ['is something else', USELESS],
  ['ends whoever loads it', CRASHING],
])('where the native module %s, an idle stream goes on without it', async (_, native) => {
  const { sandbox, streams, stop } = await quietRun({ env: { CHAPERONE_TRACKING: 'snapshot' } })
  // Longer than it takes to ask for the module.
  const argv = [...streams['logs --follow'], '--timeout', '4s']
  const { code, signal, stdout } = await sandbox.call(argv, { script: installed(sandbox, native) })
  expect({ code, signal, stdout }).toEqual({ code: 10, signal: null, stdout: 'one\n' })
  await stop()
})

test('a signal ends it, and the try of the native module with it, however long that takes', async () => {
  const { sandbox, streams, stop } = await quietRun({ env: { CHAPERONE_TRACKING: 'snapshot' } })
  const tried = join(sandbox.path, 'tried')
  const hanging = `
#include <fcntl.h>
#include <unistd.h>
__attribute__((constructor)) static void hang(void) { creat("${tried}", 0600); for (;;) pause(); }`
  const child = sandbox.spawn(streams['logs --follow'], { script: installed(sandbox, hanging) })
  const ended = finished(child)
  await until('the module to be tried', () => existsSync(tried))
  child.kill('SIGTERM')
  expect(await ended).toMatchObject({ code: 143, stdout: 'one\n' })
  await until('the try to be ended', () =>
    sandbox.survivors().every(({ command }) => !command.includes('probe-native')),
  )
  await stop()
})

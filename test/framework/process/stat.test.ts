import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { hasExited, readStat } from '../../../framework/process/stat.js'
import { stage, startZombie } from './stage.js'
import { isAlive, ps, reap, waitFor } from './witness.js'

test('reads what ps reads', () => {
  const { pid } = stage.spawn('sleep', ['600'])
  const stat = readStat(pid)
  expect(stat).toMatchObject({
    pid,
    ppid: Number(ps(pid, 'ppid')),
    pgid: Number(ps(pid, 'pgid')),
    sid: Number(ps(pid, 'sid')),
    threads: Number(ps(pid, 'nlwp')),
    tty: 0,
  })
  expect(stat?.ppid).toBe(process.pid)
})

test.each(['a) Z 1 1 (', 'line\nbreak) S', '))))', ' ', '((', 'ünïcode) R 7'])(
  'is not misled by a process that calls itself %j',
  async name => {
    const child = stage.python(
      `import os,time
open('/proc/self/comm','w').write(${JSON.stringify(name)})
open(os.environ['D']+'/named','w').close()
time.sleep(600)`,
    )
    await waitFor('the new name', () => {
      const comm = readFileSync(`/proc/${child.pid}/comm`, 'utf8').slice(0, -1)
      return comm === name && { comm }
    })
    expect(readStat(child.pid)).toMatchObject({
      pid: child.pid,
      comm: name,
      ppid: process.pid,
      pgid: child.pid,
    })
  },
)

test('knows the start time that /proc/uptime allows', () => {
  const uptime = () => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 100
  const before = uptime()
  const { pid } = stage.spawn('sleep', ['600'])
  const start_time = readStat(pid)?.start_time ?? 0
  expect(start_time).toBeGreaterThanOrEqual(Math.floor(before) - 1)
  expect(start_time).toBeLessThanOrEqual(Math.ceil(uptime()) + 1)
})

test('answers null for a process that is gone, and for what is no pid', async () => {
  const child = stage.spawn('sleep', ['600'])
  expect(readStat(child.pid)).not.toBeNull()
  await reap(child)
  expect(readStat(child.pid)).toBeNull()
  for (const pid of [0, -1, -child.pid, 1.5, Number.NaN, 2 ** 53]) expect(readStat(pid)).toBeNull()
})

test('tells a zombie from a process whose first thread has ended while another works on', async () => {
  const zombie = await startZombie()
  const headless = stage.python(
    `import threading,time,ctypes,platform
threading.Thread(target=lambda: time.sleep(600)).start()
ctypes.CDLL(None).syscall({'x86_64':60,'aarch64':93}[platform.machine()],0)`,
  )
  const shown_as_zombie = (pid: number) => waitFor('a Z', () => ps(pid, 'stat')?.startsWith('Z'))
  await Promise.all([shown_as_zombie(zombie), shown_as_zombie(headless.pid)])

  const dead = readStat(zombie)
  const living = readStat(headless.pid)
  expect(dead?.state).toBe('Z')
  expect(living?.state).toBe('Z')
  expect(dead && hasExited(dead)).toBe(true)
  expect(living && hasExited(living)).toBe(false)
  expect(isAlive(headless.pid)).toBe(false) // ps itself is misled: field 20 is the only witness.
  expect(ps(headless.pid, 'nlwp')).toBe('2')
})

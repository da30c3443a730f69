import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { refreshPidFile } from '../../../framework/runs/pid-file.js'
import { pidFilePath } from '../../../framework/runs/pid-file-path.js'
import { inSessionDirectory, isStopping, StoppingMark } from '../../../framework/runs/session.js'
import { claimed, dead, living, recorded, started, temporaryRoot } from './state.js'

test('a session is being stopped from its mark on until that is taken away', () => {
  const root = temporaryRoot()
  expect(isStopping(root, 's')).toBe(false)
  const mark = new StoppingMark(root, 's', 1_000)
  expect(isStopping(root, 's')).toBe(true)
  mark.remove()
  expect(isStopping(root, 's')).toBe(false)
  mark.remove()
})

test('the mark of a dead process counts for nothing, and is replaced', async () => {
  const root = temporaryRoot()
  new StoppingMark(root, 's', 1_000)
  const path = join(root.session('s'), 'stopping.json')
  const record = JSON.parse(readFileSync(path, 'utf8'))
  writeFileSync(path, JSON.stringify({ ...record, asker: await dead() }))
  expect(isStopping(root, 's')).toBe(false)
  new StoppingMark(root, 's', 1_000)
  expect(isStopping(root, 's')).toBe(true)
})

test('who ends a stop takes only its own mark away', async () => {
  const root = temporaryRoot()
  const mark = new StoppingMark(root, 's', 1_000)
  const path = join(root.session('s'), 'stopping.json')
  const record = JSON.parse(readFileSync(path, 'utf8'))
  writeFileSync(path, JSON.stringify({ ...record, asker: (await living()).identity }))
  mark.remove()
  expect(isStopping(root, 's')).toBe(true)
})

test('work in a session directory is done again where the directory goes meanwhile', () => {
  const root = temporaryRoot()
  let tries = 0
  const done = inSessionDirectory(root, 's', () => {
    tries += 1
    if (tries < 3) rmSync(root.session('s'), { recursive: true })
    writeFileSync(join(root.session('s'), 'file'), 'x')
    return 'done'
  })
  expect({ done, tries }).toEqual({ done: 'done', tries: 3 })
})

test('the pid file names the living main processes of its session alone, in order, and goes with the last', async () => {
  const root = temporaryRoot()
  const path = pidFilePath(root, 's')
  const processes = [await living(), await living(), await living(), await living()]
  const sessions = ['s', 's', 'other', 's']
  const gone = await dead()
  for (const [index, { identity }] of processes.entries()) {
    const { run_id } = recorded(root, { session_id: sessions[index] ?? '' })
    claimed(root, run_id, {})
    started(root, run_id, index === 3 ? gone : identity)
  }
  await refreshPidFile(root, 's')
  const pids = [processes[0], processes[1]].map(each => each?.identity.pid ?? 0).sort((a, b) => a - b)
  expect(readFileSync(path, 'utf8')).toBe(pids.map(pid => `${pid}\n`).join(''))

  for (const { child } of processes.slice(0, 2)) {
    child.kill('SIGKILL')
    await new Promise(resolve => child.once('exit', resolve))
  }
  await refreshPidFile(root, 's')
  expect(existsSync(path)).toBe(false)
  expect(existsSync(root.session('s'))).toBe(false)
})

test('a change that the file tells already is not looked for in the records', async () => {
  const root = temporaryRoot()
  const path = pidFilePath(root, 's')
  inSessionDirectory(root, 's', () => writeFileSync(path, '4\n5\n'))
  await refreshPidFile(root, 's', { pid: 5, alive: true })
  await refreshPidFile(root, 's', { pid: 6, alive: false })
  expect(readFileSync(path, 'utf8')).toBe('4\n5\n')
  await refreshPidFile(root, 's', { pid: 5, alive: false })
  expect(existsSync(path)).toBe(false)
})

test('a pid file that cannot be written fails nobody', async () => {
  const root = temporaryRoot()
  writeFileSync(root.session('s'), 'no directory')
  const { run_id } = recorded(root)
  claimed(root, run_id, {})
  started(root, run_id, (await living()).identity)
  await refreshPidFile(root, 's')
  expect(readFileSync(root.session('s'), 'utf8')).toBe('no directory')
})

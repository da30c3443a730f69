import { execFileSync, spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { commandLine, readProcessTable } from '../../../framework/process/table.js'
import { stage, startZombie } from './stage.js'
import { reap, waitFor } from './witness.js'

test('holds every process that ps shows and that lives through the reading', () => {
  stage.shell('sleep 600 & sleep 600 & wait')
  const list = () =>
    new Set(execFileSync('ps', ['-e', '-o', 'pid='], { encoding: 'utf8' }).match(/\d+/g)?.map(Number))
  const before = list()
  const table = readProcessTable()
  const after = list()
  const steady = [...before].filter(pid => after.has(pid))
  expect(steady.length).toBeGreaterThan(3)
  expect(steady.filter(pid => !table.has(pid))).toEqual([])
})

test('is read through any number of processes that come and go', () => {
  const churn = stage.shell('while :; do (sleep 0.001 & sleep 0.001 & wait); done')
  for (let round = 0; round < 100; round++) {
    const table = readProcessTable()
    expect(table.get(churn.pid)?.pid).toBe(churn.pid)
    expect(table.get(process.pid)?.pid).toBe(process.pid)
  }
})

test('shows zombies as what they are', async () => {
  const zombie = await startZombie()
  expect(readProcessTable().get(zombie)?.state).toBe('Z')
  expect(commandLine(zombie)).toEqual([])
})

test('gives the arguments of a process one by one, empty ones and newlines too', async () => {
  const args = ['-c', 'exec sleep 600 # $1', 'name', '', 'two words', 'new\nline', 'ünï', '']
  const { pid } = stage.spawn('/bin/sh', ['-c', 'sleep 600; :', ...args])
  await waitFor('the exec', () => commandLine(pid)?.includes('ünï'))
  expect(commandLine(pid)).toEqual(['/bin/sh', '-c', 'sleep 600; :', ...args])
})

test('gives an argument list of half a megabyte whole', async () => {
  const args = Array.from({ length: 6 }, (_, index) => String(index).repeat(100_000))
  const { pid } = stage.spawn('/bin/sh', ['-c', 'sleep 600; :', ...args])
  await waitFor('the exec', () => commandLine(pid)?.length === 9)
  expect(commandLine(pid)?.slice(3)).toEqual(args)
})

test('gives no arguments of a process that is gone', async () => {
  const child = stage.spawn('sleep', ['600'])
  await reap(child)
  expect(spawnSync('ps', ['-p', String(child.pid)]).status).toBe(1)
  expect(commandLine(child.pid)).toBeNull()
  expect(commandLine(-1)).toBeNull()
})

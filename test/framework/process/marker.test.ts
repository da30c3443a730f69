import { expect, test } from 'vitest'
import { carriesMarker, markerState } from '../../../framework/process/marker.js'
import { runElsewhere } from './elsewhere.js'
import { stage } from './stage.js'
import { isRoot, ps, reap, waitFor } from './witness.js'

const RUN = { name: 'TOOL_RUN_ID', value: 'a1b2c3d4e5f6' }

async function stateOf(env: Record<string, string>): Promise<string> {
  const child = stage.spawn('sleep', ['600'], { env })
  await waitFor('the exec', () => ps(child.pid, 'comm') === 'sleep')
  return markerState(child.pid, RUN)
}

test('is found in a process that was started with it, first, last or in the middle', async () => {
  expect(await stateOf({ [RUN.name]: RUN.value })).toBe('own')
  expect(await stateOf({ AAA: 'x', [RUN.name]: RUN.value, ZZZ: 'y' })).toBe('own')
})

test('is told from the marker of another run', async () => {
  expect(await stateOf({ [RUN.name]: 'ffffffffffff' })).toBe('other')
  expect(await stateOf({ [RUN.name]: '' })).toBe('other')
  expect(await stateOf({ [RUN.name]: `${RUN.value}0` })).toBe('other')
})

test('is not found where the same text stands for something else', async () => {
  expect(await stateOf({ [`OTHER_${RUN.name}`]: RUN.value })).toBe('none')
  expect(await stateOf({ NOTE: `${RUN.name}=${RUN.value}` })).toBe('none')
  expect(await stateOf({ [`${RUN.name}_OLD`]: RUN.value })).toBe('none')
})

test('is found behind a hundred kilobytes of other environment', async () => {
  const env = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`A${index}`, 'x'.repeat(10_000)]))
  expect(await stateOf({ ...env, [RUN.name]: RUN.value })).toBe('own')
})

test('is lost where a process clears its environment', async () => {
  const start = async (script: string): Promise<number> => {
    const { pid } = stage.spawn('/bin/sh', ['-c', script], { env: { [RUN.name]: RUN.value } })
    await waitFor('the exec', () => ps(pid, 'comm') === 'sleep')
    return pid
  }
  expect(markerState(await start('exec env -i A=1 /bin/sleep 600'), RUN)).toBe('none')
  // An empty environment cannot be told from one that is just being set up.
  expect(markerState(await start('exec env -i /bin/sleep 600'), RUN)).toBe('unknown')
})

test('is unknown, not absent, for a process that is gone', async () => {
  const child = stage.spawn('sleep', ['600'], { env: { [RUN.name]: RUN.value } })
  await reap(child)
  expect(markerState(child.pid, RUN)).toBe('unknown')
  expect(carriesMarker(child.pid, RUN)).toBe(false)
})

test.skipIf(!isRoot)('is unknown for a process of another user', () => {
  const { pid } = stage.spawn('sleep', ['600'], { env: { [RUN.name]: RUN.value } })
  const source = `
import { markerState } from './framework/process/marker.js'
process.setgroups([]); process.setgid(65534); process.setuid(65534)
console.log(JSON.stringify(markerState(Number(process.argv[2]), ${JSON.stringify(RUN)})))`
  expect(runElsewhere(source, [], [String(pid)])).toBe('unknown')
})

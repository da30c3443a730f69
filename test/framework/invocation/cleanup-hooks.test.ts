import { stat } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { CleanupHooks } from '../../../framework/invocation/cleanup-hooks.js'
import { noCoreFor } from '../process/no-core.js'

test('hooks run in reverse order, one after the other', async () => {
  const hooks = new CleanupHooks()
  const ran: string[] = []
  for (const name of ['a', 'b', 'c']) {
    hooks.add(async () => {
      ran.push(name)
      await new Promise(resolve => setTimeout(resolve, 5))
      ran.push(`end of ${name}`)
    })
  }
  expect(await hooks.run()).toEqual([])
  expect(ran).toEqual(['c', 'end of c', 'b', 'end of b', 'a', 'end of a'])
})

test('REQ-C-017: hooks that are run twice run once, and both get the same failures', async () => {
  const hooks = new CleanupHooks()
  let times = 0
  hooks.add(() => {
    times += 1
    throw new Error('no')
  })
  const [first, second] = await Promise.all([hooks.run(), hooks.run()])
  expect(first).toEqual([{ message: 'a cleanup hook failed: no' }])
  expect(second).toBe(first)
  expect(await hooks.run()).toBe(first)
  expect(times).toBe(1)
})

test('a hook that is registered by a hook runs before those that were there', async () => {
  const hooks = new CleanupHooks()
  const ran: string[] = []
  hooks.add(() => void ran.push('first'))
  hooks.add(() => {
    ran.push('second')
    hooks.add(() => {
      ran.push('by the second')
      hooks.add(() => void ran.push('by that'))
    })
  })
  expect(await hooks.run()).toEqual([])
  expect(ran).toEqual(['second', 'by the second', 'by that', 'first'])
})

test('hooks that go on registering themselves end, also where they take no time, and the others have their turn', async () => {
  const hooks = new CleanupHooks()
  const ran: string[] = []
  hooks.add(() => void ran.push('first'))
  hooks.add(function again() {
    hooks.add(again)
  })
  const failures = await hooks.run()
  expect(failures.at(-1)?.message).toContain('went on registering')
  expect(ran).toEqual(['first'])
})

test('a hook that was done in time is not called late by a process that had no core meanwhile', async () => {
  const hooks = new CleanupHooks()
  hooks.add(async () => {
    // What it waits for is there before anybody can look.
    const asked = stat('/')
    noCoreFor(2_500)
    await asked
  })
  expect(await hooks.run()).toEqual([])
})

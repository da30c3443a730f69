import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { recordIntent, withdrawIntent } from '../../../framework/runs/intent.js'
import { readIntent } from '../../../framework/runs/records.js'
import { isLive, newIntent, recorded, temporaryRoot } from './state.js'

test('an intent is on the disk, private, and the run live, when it is recorded, whatever the umask', () => {
  const root = temporaryRoot()
  const umask = process.umask(0o777)
  try {
    const intent = recorded(root)
    expect(readIntent(root, intent.run_id)).toEqual({ state: 'ok', record: intent })
    expect(statSync(root.run(intent.run_id)).mode & 0o777).toBe(0o700)
    expect(statSync(join(root.run(intent.run_id), 'intent.json')).mode & 0o777).toBe(0o600)
    expect(isLive(root, intent.run_id)).toBe(true)
  } finally {
    process.umask(umask)
  }
})

test('what no reader would accept is refused, and nothing of it is left', () => {
  const root = temporaryRoot()
  const intent = newIntent({ cwd: '' })
  expect(() => recordIntent(root, intent)).toThrow(expect.objectContaining({ name: 'InvalidIntent' }))
  expect(() => recordIntent(root, intent)).toThrow(/cwd/)
  expect(readdirSync(join(root.path, 'runs'))).toEqual([])
  expect(readdirSync(join(root.path, 'live'))).toEqual([])
})

test('an id that is taken is not taken again', () => {
  const root = temporaryRoot()
  const intent = recorded(root)
  expect(() => recordIntent(root, { ...intent, argv: ['other'] })).toThrow(intent.run_id)
  expect(readIntent(root, intent.run_id)).toEqual({ state: 'ok', record: intent })
})

test('a record that is withdrawn leaves nothing, and withdrawing it twice does no harm', () => {
  const root = temporaryRoot()
  const { run_id } = recorded(root)
  withdrawIntent(root, run_id)
  withdrawIntent(root, run_id)
  expect(existsSync(root.run(run_id))).toBe(false)
  expect(isLive(root, run_id)).toBe(false)
})

/** A state root that cannot be trusted or used: refused before anything is spawned, by every command that needs it. */
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { isAlive } from '../harness/witness.js'
import { Launcher } from './launcher.js'
import { CAN_MOUNT, inMountSpace, kept } from './mount-space.js'

const IS_ROOT = process.getuid?.() === 0
const NOBODY = 65534

const FAULTS = [
  {
    what: 'a symlink',
    reason: 'symlink',
    make(state: string) {
      mkdirSync(`${state}-elsewhere`, { mode: 0o700 })
      symlinkSync(`${state}-elsewhere`, state)
    },
  },
  {
    what: 'a file',
    reason: 'not_a_directory',
    make(state: string) {
      writeFileSync(state, '')
    },
  },
  {
    what: 'writable by everybody',
    reason: 'writable_by_others',
    make(state: string) {
      mkdirSync(state)
      chmodSync(state, 0o777)
    },
  },
  {
    what: 'with records that everybody can write',
    reason: 'writable_by_others',
    make(state: string) {
      mkdirSync(join(state, 'runs'), { recursive: true })
      chmodSync(state, 0o700)
      chmodSync(join(state, 'runs'), 0o777)
    },
  },
  {
    what: 'with records that are a symlink',
    reason: 'symlink',
    make(state: string) {
      mkdirSync(join(state, 'elsewhere'), { recursive: true, mode: 0o700 })
      chmodSync(state, 0o700)
      symlinkSync(join(state, 'elsewhere'), join(state, 'live'))
    },
  },
]

describe.each(FAULTS)('a state root that is $what', ({ reason, make }) => {
  test.each([
    { argv: ['launch', '--', 'sh', '-c', 'touch ran'] },
    { argv: ['ps'] },
    { argv: ['show', 'abcd'] },
    { argv: ['stop', 'abcd'] },
    { argv: ['session', 'list'] },
    { argv: ['session', 'stop', 'any'] },
    { argv: ['cleanup'] },
  ])('is refused by $argv.0 with the variable that names another', async ({ argv }) => {
    const sandbox = Sandbox.create()
    const launcher = new Launcher(sandbox)
    make(launcher.state)
    const { code, envelope } = await launcher.call(argv)
    expect(code, JSON.stringify(envelope)).toBe(4)
    expect(envelope.error).toMatchObject({
      code: 'STATE_DIR_UNAVAILABLE',
      retryable: false,
      context: { reason, variable: 'LAUNCHER_STATE_DIR' },
    })
    expect(envelope.error.fix_required).toContain('LAUNCHER_STATE_DIR')
    expect(existsSync(join(sandbox.path, 'ran'))).toBe(false)
    expect(sandbox.survivors()).toEqual([])
  })

  test('does not keep what needs no state from working', async () => {
    const sandbox = Sandbox.create()
    const launcher = new Launcher(sandbox)
    make(launcher.state)
    for (const argv of [['manifest'], ['version'], ['launch', '--schema']])
      expect((await launcher.call(argv)).code).toBe(0)
  })
})

test.skipIf(!IS_ROOT)('a state root of another user is refused (only root can make one)', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  mkdirSync(launcher.state, { mode: 0o700 })
  chownSync(launcher.state, NOBODY, NOBODY)
  const { code, envelope } = await launcher.call(['launch', '--', 'sh', '-c', 'touch ran'])
  expect(code).toBe(4)
  expect(envelope.error).toMatchObject({ code: 'STATE_DIR_UNAVAILABLE', context: { reason: 'wrong_owner' } })
  expect(existsSync(join(sandbox.path, 'ran'))).toBe(false)
})

test('a state root that is no absolute path is refused', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const { code, envelope } = await launcher.call(['ps'], { env: { LAUNCHER_STATE_DIR: 'state' } })
  expect(code).toBe(4)
  expect(envelope.error).toMatchObject({ code: 'STATE_DIR_UNAVAILABLE', context: { reason: 'not_absolute' } })
})

describe.skipIf(!CAN_MOUNT)('on a disk of its own (where user namespaces may mount)', () => {
  test('a disk that is full at any write of a start refuses it whole: nothing runs, nothing half is left', {
    timeout: 180_000,
  }, async () => {
    const sandbox = Sandbox.create()
    const launcher = new Launcher(sandbox)
    const PAGES = 64
    const done = await inMountSpace(
      sandbox,
      launcher,
      `${PAGES * 4}k`,
      `pages=0
while [ $pages -le 24 ]; do
  rm -rf "$STATE"/*
  dd if=/dev/zero of="$STATE/fill" bs=4096 count=$((${PAGES} - pages)) 2>/dev/null
  answer $pages launch -- sleep 3600
  if [ "$(cat "$OUT/$pages.code")" = 0 ]; then rm "$STATE/fill"; answer stop-$pages stop "$(field $pages data.run_id)"
  else ls "$STATE/live" "$STATE/runs" >"$OUT/$pages.left"; fi
  pages=$((pages + 1))
done`,
    )
    expect(done.code, done.stderr).toBe(0)
    let refused = 0
    let started = 0
    for (let pages = 0; pages <= 24; pages += 1) {
      const { code, envelope } = kept(sandbox, `${pages}`)
      if (code === 0) {
        started += 1
        expect(kept(sandbox, `stop-${pages}`)).toMatchObject({
          code: 0,
          envelope: { data: { stopped: [{ outcome: 'stopped' }] } },
        })
        continue
      }
      refused += 1
      expect({ pages, code, error: envelope.error }).toMatchObject({
        code: 4,
        error: {
          code: 'STATE_DIR_UNAVAILABLE',
          context: { reason: 'no_space', variable: 'LAUNCHER_STATE_DIR' },
        },
      })
      const left = readFileSync(join(sandbox.path, 'out', `${pages}.left`), 'utf8')
      expect(left.replaceAll(/^.*:$|\s/gm, ''), `left with ${pages} pages free`).toMatch(/^([0-9a-f]{12})?$/)
    }
    expect(refused).toBeGreaterThan(5)
    expect(started).toBeGreaterThan(5)
    await sandbox.nothingLeft()
  })

  test('what runs already can be stopped when the disk is full, and its end is recorded', async () => {
    const sandbox = Sandbox.create()
    const launcher = new Launcher(sandbox)
    const done = await inMountSpace(
      sandbox,
      launcher,
      '1m',
      `for name in stop session cleanup; do
  answer $name launch --session $name -- sleep 3600
done
fill() { cat /dev/zero >>"$STATE/fill" 2>/dev/null; }
fill; answer refused launch -- sleep 3600
fill; answer by-stop stop "$(field stop data.run_id)"
fill; answer by-session session stop session
fill; answer by-cleanup cleanup --session cleanup
for name in stop session cleanup; do answer shown-$name show "$(field $name data.run_id)"; done
ls "$STATE/live" >"$OUT/live"`,
    )
    expect(done.code, done.stderr).toBe(0)
    expect(kept(sandbox, 'refused')).toMatchObject({
      code: 4,
      envelope: { error: { code: 'STATE_DIR_UNAVAILABLE', context: { reason: 'no_space' } } },
    })
    for (const name of ['stop', 'session', 'cleanup']) {
      const { code, envelope } = kept(sandbox, `by-${name}`)
      expect(code, JSON.stringify(envelope)).toBe(0)
      expect(envelope.data.stopped).toMatchObject([{ outcome: 'stopped', survivors: [] }])
      expect(isAlive(kept(sandbox, name).envelope.data.background_pid)).toBe(false)
      expect(kept(sandbox, `shown-${name}`).envelope.data).toMatchObject({
        status: 'killed',
        signal: 'SIGTERM',
        stop_cause: 'parent_signal',
        damaged: [],
      })
    }
    expect(readFileSync(join(sandbox.path, 'out', 'live'), 'utf8')).toBe('')
    await sandbox.nothingLeft()
  })

  test('what runs already can be stopped when the disk has become read-only, and nothing new starts', async () => {
    const sandbox = Sandbox.create()
    const launcher = new Launcher(sandbox)
    const done = await inMountSpace(
      sandbox,
      launcher,
      '1m',
      `for name in stop force session cleanup; do
  answer $name launch --session $name -- sleep 3600
done
mount --bind "$STATE" "$STATE" && mount -o remount,bind,ro "$STATE" || exit 98
answer refused launch -- sleep 3600
answer ps ps
answer by-stop stop "$(field stop data.run_id)"
answer by-force stop --force "$(field force data.run_id)"
answer by-session session stop session
answer by-cleanup cleanup --session cleanup
answer ps-after ps`,
    )
    expect(done.code, done.stderr).toBe(0)
    expect(kept(sandbox, 'refused')).toMatchObject({
      code: 4,
      envelope: { error: { code: 'STATE_DIR_UNAVAILABLE', context: { reason: 'read_only' } } },
    })
    expect(kept(sandbox, 'ps').envelope.data.runs).toHaveLength(4)
    for (const name of ['stop', 'force', 'session', 'cleanup']) {
      const { code, envelope } = kept(sandbox, `by-${name}`)
      expect(code, JSON.stringify(envelope)).toBe(0)
      expect(envelope.data.stopped).toMatchObject([{ outcome: 'stopped', survivors: [] }])
      expect(isAlive(kept(sandbox, name).envelope.data.background_pid)).toBe(false)
    }
    expect(kept(sandbox, 'ps-after').envelope.data.runs).toEqual([])
    await sandbox.nothingLeft()
  })
})

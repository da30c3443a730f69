import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  asStateDirUnavailable,
  openStateRoot,
  peekStateRoot,
  StateDirUnavailable,
  stateRootAt,
  stateRootPath,
  stateRootVariable,
} from '../../../framework/store/state-root.js'
import { runElsewhere } from '../process/elsewhere.js'
import { isRoot, Mount } from '../process/witness.js'

const VARIABLE = 'MY_TOOL_STATE_DIR'
const TOOL = { name: 'my-tool', prefix: 'MY_TOOL_' }

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'root-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

/** The refusal of an open and of a peek, which must agree. */
function refusal(path: string): { reason: unknown; path: unknown; variable: unknown } {
  const errors = [openStateRoot, peekStateRoot].map(open => {
    try {
      open(path, VARIABLE)
    } catch (error) {
      if (error instanceof StateDirUnavailable) return error
      throw error
    }
    throw new Error(`${open.name} took ${path}`)
  })
  const [opened, peeked] = errors
  expect(peeked?.reason).toBe(opened?.reason)
  expect(opened?.message).toContain(`set ${VARIABLE}`)
  expect(opened?.message).toContain(opened?.path ?? '?')
  return { reason: opened?.reason, path: opened?.path, variable: opened?.variable }
}

test('lies where the tool’s own variable says, else under XDG_STATE_HOME, else in the home directory', () => {
  const env = { MY_TOOL_STATE_DIR: '/own', XDG_STATE_HOME: '/xdg', HOME: '/home/u' }
  expect(stateRootVariable(TOOL)).toBe(VARIABLE)
  expect(stateRootPath(TOOL, env)).toBe('/own')
  expect(stateRootPath(TOOL, { ...env, MY_TOOL_STATE_DIR: '' })).toBe('/xdg/my-tool')
  expect(stateRootPath(TOOL, { XDG_STATE_HOME: 'relative', HOME: '/home/u' })).toBe(
    '/home/u/.local/state/my-tool',
  )
  expect(stateRootPath(TOOL, { XDG_STATE_HOME: '', HOME: '/home/u' })).toBe('/home/u/.local/state/my-tool')
  expect(stateRootPath(TOOL, {})).toBe(join(homedir(), '.local/state/my-tool'))
})

test('is made with all its parents, private whatever the umask', () => {
  for (const umask of [0, 0o022, 0o777]) {
    const top = join(directory, `umask-${umask}`)
    const path = join(top, 'a', 'b')
    const before = process.umask(umask)
    try {
      openStateRoot(path, VARIABLE)
    } finally {
      process.umask(before)
    }
    const made = [top, join(top, 'a'), path, ...['sessions', 'runs', 'live'].map(name => join(path, name))]
    for (const one of made) expect([one, statSync(one).mode & 0o7777]).toEqual([one, 0o700])
    expect(readdirSync(path).sort()).toEqual(['live', 'runs', 'sessions'])
  }
})

test.skipIf(!isRoot)('is made by a user whose umask takes everything from himself', () => {
  const source = `
import { openStateRoot } from './framework/store/state-root.js'
process.setgroups([]); process.setgid(65534); process.setuid(65534)
process.umask(0o777)
console.log(JSON.stringify(openStateRoot(process.argv[2] + '/x/y', 'V').path))`
  chmodSync(directory, 0o777)
  expect(runElsewhere(source, [], [directory])).toBe(join(directory, 'x/y'))
  expect(statSync(join(directory, 'x/y/live')).mode & 0o777).toBe(0o700)
})

test('is opened again, and by several at once, without a change', () => {
  const path = join(directory, 'state')
  openStateRoot(path, VARIABLE)
  const before = statSync(path).mtimeMs
  expect(openStateRoot(`${path}/`, VARIABLE).path).toBe(path)
  expect(statSync(path).mtimeMs).toBe(before)
})

test('builds the paths below it, and none that leads out', () => {
  const root = stateRootAt('/s')
  expect(root.run('a1b2c3d4e5f6')).toBe('/s/runs/a1b2c3d4e5f6')
  expect(root.live('a1b2c3d4e5f6')).toBe('/s/live/a1b2c3d4e5f6')
  expect(root.session('agent-7')).toBe('/s/sessions/agent-7')
  for (const id of ['..', '', 'a/b', '../../etc', 'A1B2C3D4E5F6', 'a1b2'])
    expect(() => [root.run(id), root.live(id)]).toThrow(RangeError)
  for (const id of ['..', '.', '', 'a/b', '-x']) expect(() => root.session(id)).toThrow(RangeError)
})

test('is nothing to a reader before somebody wrote, and stays so', () => {
  const path = join(directory, 'not', 'yet')
  expect(peekStateRoot(path, VARIABLE)).toBeNull()
  expect(existsSync(join(directory, 'not'))).toBe(false)
  openStateRoot(path, VARIABLE)
  expect(peekStateRoot(path, VARIABLE)?.path).toBe(path)
})

test('is refused where it, or a directory below it, is a symlink', () => {
  const real = join(directory, 'real')
  openStateRoot(real, VARIABLE)
  const link = join(directory, 'link')
  symlinkSync(real, link)
  expect(refusal(link)).toEqual({ reason: 'symlink', path: link, variable: VARIABLE })
  expect(refusal(`${link}/`)).toMatchObject({ reason: 'symlink', path: link })
  symlinkSync(join(directory, 'nowhere'), join(directory, 'dangling'))
  expect(refusal(join(directory, 'dangling'))).toMatchObject({ reason: 'symlink' })
  for (const name of ['sessions', 'runs', 'live']) {
    rmSync(join(real, name), { recursive: true })
    symlinkSync(tmpdir(), join(real, name))
    expect(refusal(real)).toMatchObject({ reason: 'symlink', path: join(real, name) })
    rmSync(join(real, name))
    mkdirSync(join(real, name), { mode: 0o700 })
  }
})

test('is accepted below a parent that is a symlink', () => {
  mkdirSync(join(directory, 'real'))
  symlinkSync('real', join(directory, 'parent'))
  const path = join(directory, 'parent', 'state')
  expect(openStateRoot(path, VARIABLE).path).toBe(path)
})

test('is refused where others can write it', () => {
  const path = join(directory, 'state')
  openStateRoot(path, VARIABLE)
  for (const mode of [0o720, 0o702, 0o777, 0o1777]) {
    chmodSync(path, mode)
    expect(refusal(path)).toMatchObject({ reason: 'writable_by_others' })
  }
  chmodSync(path, 0o755)
  expect(openStateRoot(path, VARIABLE).path).toBe(path)
  chmodSync(join(path, 'live'), 0o770)
  expect(refusal(path)).toMatchObject({ reason: 'writable_by_others', path: join(path, 'live') })
})

test.skipIf(!isRoot)('is refused where it belongs to another user', () => {
  const path = join(directory, 'state')
  openStateRoot(path, VARIABLE)
  chownSync(path, 65534, 65534)
  expect(refusal(path)).toMatchObject({ reason: 'wrong_owner' })
})

test('is refused where a file stands in its place, or in that of a parent', () => {
  const file = join(directory, 'file')
  writeFileSync(file, '')
  expect(refusal(file)).toMatchObject({ reason: 'not_a_directory' })
  expect(refusal(join(file, 'below'))).toMatchObject({ reason: 'not_a_directory' })
})

test('is refused where its path depends on the working directory', () => {
  expect(refusal('state')).toMatchObject({ reason: 'not_absolute', path: 'state' })
})

test.skipIf(!isRoot)('is refused where we may not write, and says with what errno', () => {
  const source = `
import { openStateRoot, peekStateRoot } from './framework/store/state-root.js'
process.setgroups([]); process.setgid(65534); process.setuid(65534)
const ask = (open, path) => { try { return open(path, 'V')?.path ?? null } catch (error) { return [error.code, error.reason, error.errno] } }
const base = process.argv[2]
console.log(JSON.stringify([ask(openStateRoot, base + '/locked/new'), ask(openStateRoot, base + '/mine'), ask(peekStateRoot, base + '/mine')]))`
  chmodSync(directory, 0o755)
  mkdirSync(join(directory, 'locked'), { mode: 0o755 })
  const mine = join(directory, 'mine')
  openStateRoot(mine, VARIABLE)
  for (const path of [mine, ...['sessions', 'runs', 'live'].map(name => join(mine, name))]) {
    chownSync(path, 65534, 65534)
    chmodSync(path, 0o500)
  }
  expect(runElsewhere(source, [], [directory])).toEqual([
    ['STATE_DIR_UNAVAILABLE', 'cannot_create', 'EACCES'],
    ['STATE_DIR_UNAVAILABLE', 'not_accessible', 'EACCES'],
    mine,
  ])
})

test.skipIf(!isRoot)('is refused on a full and on a read-only disk, and can be read on the latter', () => {
  const full = new Mount('tmpfs', 'nr_inodes=3')
  const frozen = new Mount('tmpfs', 'size=64k')
  try {
    const reason = (path: string) => {
      try {
        return openStateRoot(path, VARIABLE).path
      } catch (error) {
        return error instanceof StateDirUnavailable ? [error.reason, error.errno] : error
      }
    }
    expect(reason(join(full.path, 'state'))).toEqual(['no_space', 'ENOSPC'])
    const state = join(frozen.path, 'state')
    openStateRoot(state, VARIABLE)
    frozen.remount('ro')
    expect(reason(state)).toEqual(['read_only', 'EROFS'])
    expect(reason(join(frozen.path, 'other'))).toEqual(['read_only', 'EROFS'])
    expect(peekStateRoot(state, VARIABLE)?.path).toBe(state)
  } finally {
    full.remove()
    frozen.remove()
  }
})

test('turns what a failed publication says into the same error, where it comes from the place', () => {
  const failed = (code: string) =>
    asStateDirUnavailable(Object.assign(new Error(code), { code }), '/s', VARIABLE)?.reason ?? null
  expect(
    ['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'ENOTDIR', 'ELOOP', 'HARD_LINKS_UNSUPPORTED'].map(failed),
  ).toEqual([
    'no_space',
    'no_space',
    'read_only',
    'not_accessible',
    'not_a_directory',
    'symlink',
    'no_hard_links',
  ])
  expect(['EMFILE', 'ENFILE', 'ENOMEM'].map(failed)).toEqual([null, null, null])
  expect(asStateDirUnavailable(new RangeError('too long'), '/s', VARIABLE)).toBeNull()
})

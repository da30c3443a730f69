/** Run templates: real files with real owners and modes; only what the user alone can have written is used. */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { loadTemplate, TemplateRefused, templateNames } from '../../../framework/runs/templates.js'

const TOOL = { name: 'mytool' }

let home: string
let directory: string
let env: Record<string, string>

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'chaperone-templates-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  directory = join(home, '.config', 'mytool', 'templates')
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  env = { HOME: home }
})

function template(name: string, content: unknown, mode = 0o600): string {
  const path = join(directory, `${name}.json`)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  chmodSync(path, mode)
  return path
}

function refusal(name: string, environment: Record<string, string> = env): TemplateRefused {
  try {
    loadTemplate(TOOL, environment, name)
  } catch (error) {
    if (error instanceof TemplateRefused) return error
    throw error
  }
  throw new Error('the template was taken')
}

function faults(name: string): string[] {
  const listed = refusal(name).details.context['faults']
  return Array.isArray(listed) ? listed.map(String) : []
}

test('a template is loaded as it was written', () => {
  const whole = {
    argv: ['node', 'server.js', '--port', ''],
    cwd: '/srv',
    env: { PORT: '8080', _x: '' },
    runtime: 'background',
    mode: 'follow-descendants',
    grace: '500ms',
    linger: '60s',
    kill_after: '5',
    on_leftover: 'terminate',
    max_lifetime: '1h',
    name: 'server',
  }
  template('server', whole)
  template('least', { argv: ['true'] }, 0o644)
  expect(loadTemplate(TOOL, env, 'server')).toEqual(whole)
  expect(loadTemplate(TOOL, env, 'least')).toEqual({ argv: ['true'] })
})

describe('where templates lie', () => {
  test('XDG_CONFIG_HOME comes before HOME', () => {
    const config = join(home, 'elsewhere')
    mkdirSync(join(config, 'mytool', 'templates'), { recursive: true, mode: 0o700 })
    template('here', { argv: ['false'] })
    const path = join(config, 'mytool', 'templates', 'here.json')
    writeFileSync(path, '{"argv":["true"]}', { mode: 0o600 })
    expect(loadTemplate(TOOL, { ...env, XDG_CONFIG_HOME: config }, 'here')).toEqual({ argv: ['true'] })
  })

  test('a relative configuration home is ignored: the working directory chooses nothing', () => {
    template('here', { argv: ['true'] })
    const before = process.cwd()
    process.chdir(home)
    onTestFinished(() => process.chdir(before))
    for (const relative of ['.config', './.config', '']) {
      expect(loadTemplate(TOOL, { ...env, XDG_CONFIG_HOME: relative }, 'here')).toEqual({ argv: ['true'] })
      // Nor does a relative HOME; what the user database says is another directory.
      expect(refusal('here', { HOME: '.' }).code).toBe('TEMPLATE_NOT_FOUND')
      expect(refusal('here', { HOME: '.', XDG_CONFIG_HOME: relative }).code).toBe('TEMPLATE_NOT_FOUND')
    }
  })

  test('templates of another tool are not ours', () => {
    template('here', { argv: ['true'] })
    expect(() => loadTemplate({ name: 'other' }, env, 'here')).toThrow(TemplateRefused)
  })
})

describe('what is not there', () => {
  test('is refused with the names that are, and the nearest of them', () => {
    for (const name of ['server', 'worker', 'a']) template(name, { argv: ['true'] })
    template('Not-A-Name', { argv: ['true'] })
    writeFileSync(join(directory, 'notes.txt'), '')
    const refused = refusal('servre')
    expect(refused.code).toBe('TEMPLATE_NOT_FOUND')
    expect(refused.message).toContain('a, server, worker')
    expect(refused.details.context).toMatchObject({ known: ['a', 'server', 'worker'], nearest: 'server' })
    expect(refused.details.fix_required).toContain(join(directory, 'servre.json'))
    expect(templateNames(TOOL, env)).toEqual(['a', 'server', 'worker'])
  })

  test('is refused where there are no templates at all', () => {
    rmSync(join(home, '.config'), { recursive: true })
    expect(refusal('server').details.context).toMatchObject({ known: [] })
    expect(templateNames(TOOL, env)).toEqual([])
  })

  test.each(['', '.', '..', '../server', 'a/b', 'Server', '-server', 'a.b', 'x'.repeat(65), 'a\0b', 'ä'])(
    'a name such as %j names no file',
    name => {
      const refused = refusal(name)
      expect(refused.code).toBe('TEMPLATE_NAME_INVALID')
      expect(refused.details.fix_required).not.toBe('')
    },
  )
})

describe('what others could have written', () => {
  const expectPublic = (reason: string, path: string): TemplateRefused => {
    const refused = refusal('server')
    expect(refused).toMatchObject({ code: 'TEMPLATE_NOT_PRIVATE', details: { context: { reason, path } } })
    return refused
  }

  test.each([0o620, 0o602, 0o666, 0o777])(
    'a file of mode %o is refused, with the command that mends it',
    mode => {
      const path = template('server', { argv: ['true'] }, mode)
      const { details } = expectPublic('writable_by_others', path)
      execFileSync('/bin/sh', ['-c', details.fix_command ?? ''])
      expect(loadTemplate(TOOL, env, 'server')).toEqual({ argv: ['true'] })
    },
  )

  test('a directory that others can write is refused', () => {
    template('server', { argv: ['true'] })
    chmodSync(directory, 0o770)
    expectPublic('writable_by_others', directory)
    chmodSync(directory, 0o700)
    chmodSync(join(directory, '..'), 0o777)
    expectPublic('writable_by_others', join(directory, '..'))
  })

  test('a symbolic link is refused, for the file and for the directories', () => {
    const path = template('real', { argv: ['true'] })
    symlinkSync(path, join(directory, 'server.json'))
    expectPublic('symlink', join(directory, 'server.json'))

    renameSync(path, join(directory, 'server.json'))
    renameSync(directory, join(home, 'moved'))
    symlinkSync(join(home, 'moved'), directory)
    expectPublic('symlink', directory)

    rmSync(directory)
    renameSync(join(home, 'moved'), directory)
    renameSync(join(home, '.config', 'mytool'), join(home, 'moved'))
    symlinkSync(join(home, 'moved'), join(home, '.config', 'mytool'))
    expectPublic('symlink', join(home, '.config', 'mytool'))
  })

  test.runIf(process.getuid?.() === 0)("another user's file or directory is refused", () => {
    const path = template('server', { argv: ['true'] })
    chownSync(path, 65_534, 65_534)
    expectPublic('wrong_owner', path)
    chownSync(path, 0, 0)
    chownSync(directory, 65_534, 65_534)
    expectPublic('wrong_owner', directory)
  })
})

describe('what is no template', () => {
  test('is refused with everything that is wrong at once', () => {
    template('bad', {
      argv: [],
      cwd: '',
      env: { '1st': 'x' },
      runtime: 'docker',
      grace: 'soon',
      linger: 5,
      on_leftover: 'kill',
      'a.b/c~d': 1,
      comand: ['x'],
    })
    const refused = refusal('bad')
    expect(refused.code).toBe('TEMPLATE_INVALID')
    const named = [...new Set(faults('bad').map(fault => fault.replace(/ .*/, '')))].sort()
    expect(named).toEqual(
      ['a.b/c~d', 'argv', 'comand', 'cwd', 'env.1st', 'grace', 'linger', 'on_leftover', 'runtime'].sort(),
    )
    for (const fault of faults('bad')) expect(refused.message).toContain(fault)
  })

  test.each([
    ['{}', ['argv is missing']],
    ['{"argv":["true"],"more":1}', ['more is not declared']],
    ['{"more":1}', ['argv is missing', 'more is not declared']],
    ['{"argv":[""]}', ['argv.0 must name a program']],
    ['{"argv":["a\\u0000b"]}', ['argv.0 must not be empty or hold a NUL']],
    ['{"argv":["a"],"env":{"A":1}}', ['env.A must be string']],
    ['{"argv":["a"],"grace":"1 hour"}', ['grace must be a duration such as 500ms, 60s, 2m or 1h']],
    ['{"argv":["a"],"__proto__":{}}', ['__proto__ is not declared']],
    ['[]', ['it must be an object']],
    ['"text"', ['it must be an object']],
    ['null', ['it must be an object']],
  ])('%s: %j', (content, expected) => {
    template('bad', content)
    expect(faults('bad').sort()).toEqual(expected)
  })

  test('is refused where it is no JSON', () => {
    template('bad', '{"argv": ["true"],}')
    expect(faults('bad')).toMatchObject([expect.stringContaining('it is not JSON')])
  })

  test('is refused where it is no file, or a huge one', () => {
    mkdirSync(join(directory, 'dir.json'), { mode: 0o700 })
    execFileSync('mkfifo', ['-m', '600', join(directory, 'fifo.json')])
    template('huge', `{"argv":["${'x'.repeat(2 * 1024 * 1024)}"]}`)
    for (const name of ['dir', 'fifo', 'huge']) expect(refusal(name).code, name).toBe('TEMPLATE_INVALID')
  })
})

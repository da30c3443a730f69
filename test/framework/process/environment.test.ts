import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { machineEnvironment, minimalEnvironment } from '../../../framework/process/environment.js'

test('gives our own programs nothing that changes how Node or the loader works', () => {
  const env = minimalEnvironment({
    PATH: '/bin',
    HOME: '/home/u',
    TMPDIR: '/t',
    LANG: 'de_DE.UTF-8',
    LC_TIME: 'C',
    XDG_STATE_HOME: '/s',
    NODE_OPTIONS: '--inspect-brk',
    NODE_PATH: '/evil',
    NODE_EXTRA_CA_CERTS: '/x',
    LD_PRELOAD: '/evil.so',
    OPENSSL_CONF: '/broken',
    API_TOKEN: 'secret',
    UNSET: undefined,
  })
  expect(env).toEqual({
    PATH: '/bin',
    HOME: '/home/u',
    TMPDIR: '/t',
    LANG: 'de_DE.UTF-8',
    LC_TIME: 'C',
    XDG_STATE_HOME: '/s',
  })
})

test('lets a Node start that is told to stop in a debugger', () => {
  const env = minimalEnvironment({ ...process.env, NODE_OPTIONS: '--inspect-brk=0' })
  const { status, stdout } = spawnSync(process.execPath, ['-p', '1+1'], {
    env,
    encoding: 'utf8',
    timeout: 30_000,
  })
  expect([status, stdout]).toEqual([0, '2\n'])
})

test('gives tracked children no pager, no editor, no colour and the C locale', () => {
  const env = machineEnvironment({
    PATH: '/bin',
    PAGER: 'less',
    EDITOR: 'vi',
    LC_ALL: 'de_DE',
    API_TOKEN: 'kept',
  })
  expect(env).toEqual({
    PATH: '/bin',
    API_TOKEN: 'kept',
    PAGER: 'cat',
    GIT_PAGER: 'cat',
    MANPAGER: 'cat',
    LESS: '-F -X -R',
    MORE: '',
    NO_COLOR: '1',
    EDITOR: 'true',
    VISUAL: 'true',
    LC_ALL: 'C',
    LC_NUMERIC: 'C',
  })
})

test('takes away what forces colour against NO_COLOR', () => {
  const env = machineEnvironment({ FORCE_COLOR: '3', CLICOLOR_FORCE: '1', GONE: undefined })
  expect(Object.keys(env).filter(name => /FORCE|GONE/.test(name))).toEqual([])
})

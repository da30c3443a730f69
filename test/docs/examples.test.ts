/** The example is a tool that works: its own tests pass, and from outside it keeps what its contract says. */
import { existsSync, writeFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { expect, inject, test } from 'vitest'
import { Sandbox } from '../e2e/harness/sandbox.js'

const SITE = resolve('examples/site')

/** The example in a project of its own, with the packed package. */
async function copy(sandbox: Sandbox): Promise<string> {
  const project = sandbox.directory('project')
  writeFileSync(join(project, 'package.json'), '{"private":true,"type":"module"}')
  await cp(SITE, join(project, 'site'), { recursive: true })
  await cp(join(inject('consumer'), 'node_modules'), join(project, 'node_modules'), { recursive: true })
  return join(project, 'site')
}

test('the tests of the example pass where it stands, and leave nothing running', async () => {
  const sandbox = Sandbox.create()
  const tests = await sandbox.sh(`exec "${process.execPath}" --test`, { cwd: SITE })
  expect(tests.code, tests.stdout + tests.stderr).toBe(0)
  await sandbox.nothingLeft()
})

test('the example, compiled, serves once a session and is ended by the command that its answer names', async () => {
  const sandbox = Sandbox.create()
  const script = join(await copy(sandbox), 'site.js')
  const dir = sandbox.directory('public')
  writeFileSync(join(dir, 'index.html'), 'hello')
  const site = (...argv: string[]) =>
    sandbox.call(argv, { script, env: { SITE_STATE_DIR: sandbox.state, SITE_SESSION_ID: 'test' } })
  const written = await site('manifest', '--write')
  expect(written.code, written.stdout).toBe(0)

  const first = await site('serve', '--dir', dir)
  expect(first.code, first.stdout).toBe(0)
  const { url, run_id, cleanup_command } = first.envelope.data
  expect(await (await fetch(`${url}index.html`)).text()).toBe('hello')
  expect((await site('serve', '--dir', dir)).envelope.data).toMatchObject({ run_id, url, started: false })

  const stopped = await sandbox.sh(cleanup_command, { env: { SITE_STATE_DIR: sandbox.state } })
  expect(stopped.code, stopped.stdout).toBe(0)
  await sandbox.nothingLeft()
})

test('the example packs, and where tar fails it leaves neither an archive nor a part of one', async () => {
  const sandbox = Sandbox.create()
  const script = join(await copy(sandbox), 'site.js')
  const env = { SITE_STATE_DIR: sandbox.state }
  const dir = sandbox.directory('public')
  const packed = await sandbox.call(['pack', '--dir', dir, '--to', 'good.tar.gz'], { script, env })
  expect(packed.envelope.data).toEqual({ effect: 'created', archive: join(sandbox.path, 'good.tar.gz') })
  expect(existsSync(join(sandbox.path, 'good.tar.gz'))).toBe(true)

  const failed = await sandbox.call(['pack', '--dir', 'nowhere', '--to', 'bad.tar.gz'], { script, env })
  expect(failed.code).toBe(79)
  expect(existsSync(join(sandbox.path, 'bad.tar.gz'))).toBe(false)
  await sandbox.nothingLeft()
})

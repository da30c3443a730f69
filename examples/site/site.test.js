// The tool's tests: `node --test` in this directory.
import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createTestTool } from 'chaperone/testing'
import { definition } from './definition.js'

let directory
let state
let call

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'site-'))
  // Beside the site: records that are written while tar reads them would fail it.
  state = await mkdtemp(join(tmpdir(), 'site-state-'))
  await writeFile(join(directory, 'index.html'), '<h1>hello</h1>\n')
  const tool = await createTestTool(definition)
  const env = { PATH: process.env.PATH, SITE_STATE_DIR: state }
  call = (...argv) => tool.call(argv, { cwd: directory, env })
})

after(async () => {
  await call('cleanup', '--all-sessions')
  for (const path of [directory, state]) await rm(path, { recursive: true, force: true })
})

test('serve answers with a server that serves, once a session, and stop ends it', async () => {
  const first = await call('serve', '--dir', '.', '--session', 'test')
  assert.equal(first.exit_code, 0, first.stdout)
  const { url, run_id, started } = first.envelope.data
  assert.equal(started, true)
  assert.equal(await (await fetch(`${url}index.html`)).text(), '<h1>hello</h1>\n')

  const second = await call('serve', '--dir', '.', '--session', 'test')
  assert.deepEqual([second.envelope.data.run_id, second.envelope.data.started], [run_id, false])

  const stopped = await call('stop', run_id)
  assert.equal(stopped.envelope.data.stopped[0].outcome, 'stopped')
  await assert.rejects(fetch(url))
})

test('serve refuses a directory that is not there', async () => {
  const answer = await call('serve', '--dir', 'nowhere')
  assert.equal(answer.exit_code, 5)
  assert.equal(answer.envelope.error.code, 'NO_SUCH_DIRECTORY')
})

test('pack writes an archive, replaces it only when told to, and leaves nothing else', async () => {
  const pack = (...more) => call('pack', '--dir', '.', '--to', 'site.tar.gz', ...more)
  assert.equal((await pack('--dry-run')).envelope.data.effect, 'would_create')
  assert.equal((await pack()).envelope.data.effect, 'created')
  assert.equal((await pack()).exit_code, 6)
  assert.equal((await pack('--replace')).envelope.data.effect, 'updated')
  const files = await readdir(directory)
  assert.deepEqual(files.sort(), ['index.html', 'site.tar.gz'])
})

test('pack says what tar said where it fails', async () => {
  const answer = await call('pack', '--dir', 'nowhere', '--to', 'nothing.tar.gz')
  assert.equal(answer.exit_code, 79)
  assert.match(answer.envelope.error.detail, /nowhere/)
})

test('pack refuses a target that cannot be written, before anything is done', async () => {
  const answer = await call('pack', '--dir', '.', '--to', 'nowhere/site.tar.gz')
  assert.equal(answer.exit_code, 2)
  assert.equal(answer.envelope.error.errors[0].param, '--to')
})

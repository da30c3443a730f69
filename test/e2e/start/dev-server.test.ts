/** A real development server, vite, as a person or an agent starts it: once, used, ended with whoever wanted it. */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'
import { isAlive } from '../harness/witness.js'
import { freePort } from './ports.js'

const VITE = resolve('node_modules/vite/bin/vite.js')

/** A site in the sandbox, and the command line of its server. */
async function site(sandbox: Sandbox) {
  const directory = sandbox.directory('site')
  sandbox.file('site/index.html', '<!doctype html><title>It works</title>')
  sandbox.file('site/package.json', '{ "type": "module", "private": true }')
  const port = await freePort()
  const server = [process.execPath, VITE, '--host', '127.0.0.1', '--port', String(port), '--strictPort']
  const options = ['--session', 'dev', '--name', 'web', '--ready-port', String(port), '--cwd', directory]
  const page = async () => (await fetch(`http://127.0.0.1:${port}/`)).text()
  return { port, options, server, page, start: ['start', ...options, '--', ...server] }
}

test('it is started, answers HTTP when start has answered, is found by name, followed, and stopped', async () => {
  const sandbox = Sandbox.create()
  const { start, page } = await site(sandbox)
  const { code, stdout, envelope } = await sandbox.call(start)
  expect(code, stdout).toBe(0)
  expect(envelope.data).toMatchObject({ effect: 'created', name: 'web', ready: true })
  expect(await page()).toContain('<title>It works</title>')
  const listed = await sandbox.call(['ps', '--session', 'dev'])
  expect(listed.envelope.data.runs).toMatchObject([{ name: 'web', status: 'running' }])

  const again = await sandbox.call(start)
  expect(again.envelope.data).toMatchObject({ effect: 'noop', ready: true, run_id: envelope.data.run_id })

  const stopped = await sandbox.sh(again.envelope.data.cleanup_command)
  expect(stopped.code, stopped.stdout).toBe(0)
  await expect(page()).rejects.toThrow()
  await sandbox.nothingLeft()
})

test('two that start it at once get one server', async () => {
  const sandbox = Sandbox.create()
  const { start, page } = await site(sandbox)
  const answers = await Promise.all([sandbox.call(start), sandbox.call(start)])
  expect(answers.map(({ code }) => code)).toEqual([0, 0])
  const data = answers.map(({ envelope }) => envelope.data)
  expect(data.map(({ effect }) => effect).sort()).toEqual(['created', 'noop'])
  expect(data[0].run_id).toBe(data[1].run_id)
  expect(await page()).toContain('It works')
  expect((await sandbox.call(['session', 'stop', 'dev'])).code).toBe(0)
})

test('a server that cannot have its port says so, and its last lines come with the answer', async () => {
  const sandbox = Sandbox.create()
  const { server, start } = await site(sandbox)
  const first = await sandbox.call(start)
  expect(first.code, first.stdout).toBe(0)
  const options = [
    '--ready-log',
    '  ready in \\d',
    '--ready-timeout',
    '60s',
    '--cwd',
    join(sandbox.path, 'site'),
  ]
  const second = await sandbox.call(['start', ...options, '--', ...server])
  expect(second.code).toBe(1)
  expect(second.envelope.error.code).toBe('NOT_READY')
  expect(second.envelope.error.context.last_lines.join('\n')).toMatch(/already in use/)
  expect((await sandbox.call(['session', 'stop', 'dev'])).code).toBe(0)
})

test('it ends when the script that wanted it is killed', async () => {
  const sandbox = Sandbox.create()
  const { options, server, page } = await site(sandbox)
  const words = ['chaperone', 'start', ...options, '--bind-pid', 'parent', '--', ...server]
  const out = join(sandbox.path, 'out.json')
  const script = sandbox.file('caller.sh', '"$@" >"$OUT" && touch "$OUT.done"; while :; do sleep 0.1; done\n')
  const caller = spawn('sh', [script, ...words], { env: { ...sandbox.env, OUT: out }, stdio: 'ignore' })
  await until('the answer', () => existsSync(`${out}.done`))
  const { data } = JSON.parse(readFileSync(out, 'utf8'))
  expect(await page()).toContain('It works')
  caller.kill('SIGKILL')
  await until('the server to end', () => !isAlive(data.background_pid))
  await sandbox.nothingLeft()
  const shown = await sandbox.call(['show', data.run_id])
  expect(shown.envelope.data.stop_cause).toBe('bound_exit')
})

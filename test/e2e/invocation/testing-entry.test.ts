/** `chaperone/testing`: a tool for its author's own tests, which fails a call that leaves a process behind. */
import { expect, test } from 'vitest'
import { AuthorTool } from '../contract/harness/author.js'
import { expectFits } from '../contract/harness/checked.js'
import { Sandbox } from '../harness/sandbox.js'

/** A script that makes the calls and prints what each answered. */
const script = (entry: string, make: string, calls: readonly (readonly string[])[]) => `
import { spawn } from 'node:child_process'
import { ${make} as make } from '${entry}'
const SUCCESS = { description: 'Done', retryable: false, side_effects: 'complete' }
const command = (name, execute) => ({ name, description: 'X.', danger_level: 'safe', required_scopes: [], flags: {}, exit_codes: { SUCCESS }, output_schema: { type: 'object' }, execute })
const tool = await make({ name: 'mytool', version: '1.0.0', description: 'A tool.', commands: [
  command('clean', async () => ({ fine: true })),
  command('leaves', async () => { spawn('sleep', ['300'], { detached: true, stdio: 'ignore' }).unref(); return {} }),
  command('waits', async () => { const child = spawn('true'); await new Promise(done => child.once('close', done)); return {} }),
  command('fails', async () => { spawn('sleep', ['300'], { stdio: 'ignore' }); throw new Error('It broke.') }),
] })
const answers = []
for (const argv of ${JSON.stringify(calls)}) answers.push(await tool.call(argv, { env: process.env }))
process.stdout.write(JSON.stringify(answers))
`

async function answersOf(entry: string, make: string, ...calls: string[][]) {
  const sandbox = Sandbox.create()
  const author = new AuthorTool(sandbox, { 'tool.mjs': script(entry, make, calls) })
  const answer = await author.call([])
  expect(answer.code, answer.stderr).toBe(0)
  const answers = JSON.parse(answer.stdout)
  for (const { envelope, exit_code } of answers) {
    expectFits('response-envelope.json', envelope)
    expect(envelope.meta.exit_code).toBe(exit_code)
  }
  await sandbox.nothingLeft()
  return answers
}

test('in an author’s test a call that leaves an undeclared process fails, and the process is ended', async () => {
  const [leaves, clean, waits, fails] = await answersOf(
    'chaperone/testing',
    'createTestTool',
    ['leaves'],
    ['clean'],
    ['waits'],
    ['fails'],
  )
  expect(leaves.exit_code).toBe(1)
  expect(leaves.envelope.error.code).toBe('UNDECLARED_BACKGROUND_PROCESS')
  expect(leaves.envelope.error.message).toContain('sleep')
  expect([clean.exit_code, waits.exit_code]).toEqual([0, 0])
  expect(clean.envelope.warnings).toEqual([])
  // A failure stays the failure that it is; the process is reported beside it.
  expect(fails.envelope.error.code).toBe('UNEXPECTED_ERROR')
  expect(fails.envelope.warnings.map(({ code }: { code: string }) => code)).toEqual([
    'UNDECLARED_BACKGROUND_PROCESS',
  ])
})

test('outside of tests the same call succeeds with a warning, and the process is ended all the same', async () => {
  const [leaves] = await answersOf('chaperone', 'createTool', ['leaves'])
  expect(leaves.exit_code).toBe(0)
  expect(leaves.envelope.warnings).toMatchObject([
    { code: 'UNDECLARED_BACKGROUND_PROCESS', context: { ended: true } },
  ])
})

test('an embedded call answers as the tool would, in every format, and leaves the embedder’s process alone', async () => {
  const [bogus, plain, help, json] = await answersOf(
    'chaperone/testing',
    'createTestTool',
    ['bogus'],
    ['clean', '--schema'],
    ['--help'],
    ['clean', '--format', 'json'],
  )
  expect([bogus.exit_code, plain.exit_code, help.exit_code, json.exit_code]).toEqual([2, 0, 0, 0])
  expect(help.stderr).toContain('mytool <command>')
  expect(json.envelope.data).toEqual({ fine: true })
})

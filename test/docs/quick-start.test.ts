/** The two lines that a stranger copies first. A clean clone runs them elsewhere; here each part is held to what it needs. */
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { CHAPERONE, Sandbox } from '../e2e/harness/sandbox.js'
import { blocksOf } from './markdown.js'

const blocks = blocksOf(readFileSync('README.md', 'utf8'))
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'))

/** The parts of the one line of a quick start. */
function partsOf(mark: string): string[] {
  const found = blocks.filter(block => block.mark === mark)
  expect(found.map(({ content }) => content.trim().split('\n').length)).toEqual([1])
  return found.flatMap(({ content }) => content.trim().split(' && '))
}

test('each line begins with an installation that builds', () => {
  for (const mark of ['quick-start:run', 'quick-start:test']) {
    expect(partsOf(mark)[0]).toBe('npm ci')
  }
  expect(existsSync('package-lock.json')).toBe(true)
  // npm-ci runs it after the installation: what the second part starts is built then.
  expect(scripts.prepare).toBe(scripts.build)
})

test('the line for tests runs a script of the package', () => {
  expect(partsOf('quick-start:test').slice(1)).toEqual(['npm test'])
  expect(scripts.test).toBeTypeOf('string')
})

test('the line to run starts a background process, whose answer ends it', async () => {
  const sandbox = Sandbox.create()
  const [command = '', ...more] = partsOf('quick-start:run').slice(1)
  expect(more).toEqual([])
  expect(command).toContain(' dist/bin/chaperone.js ')
  const started = await sandbox.sh(command.replace('dist/bin/chaperone.js', `'${CHAPERONE}'`), {
    cwd: sandbox.directory('clone'),
  })
  expect(started.code, started.stdout + started.stderr).toBe(0)
  const stopped = await sandbox.sh(started.envelope.data.cleanup_command)
  expect(stopped.code, stopped.stdout).toBe(0)
  await sandbox.nothingLeft()
})

test('the marks are those that the CI script looks for', () => {
  const readme = readFileSync('README.md', 'utf8')
  for (const mark of ['quick-start:run', 'quick-start:test']) {
    expect(readme).toMatch(new RegExp(`^<!-- ${mark} -->\n\`\`\`sh\n.+\n\`\`\`\n<!-- /quick-start -->$`, 'm'))
  }
})

import { expect, test } from 'vitest'
import { refusals, sound, violations } from '../contracts.js'

const parts = {
  name: 'deploy start',
  flags: {
    dir: { type: 'string', required: true, description: 'd' },
    count: { type: 'integer', description: 'd' },
    filter: {
      type: 'object',
      description: 'd',
      schema: { type: 'object', properties: { a: { type: 'integer' } }, additionalProperties: false },
    },
  },
  positionals: [{ name: 'target', type: 'enum', enum_values: ['blue', 'green'], description: 'd' }],
}
const shown = (command: string, more: object = {}) =>
  refusals(sound({ ...parts, ...more, examples: [{ description: 'd', command }] }), sound())

test.each([
  'my-tool deploy start --dir .',
  'my-tool --format json deploy start --dir=. --count 3 green',
  `my-tool deploy start blue --dir '/a b' --filter '{"a": 1}'`,
  'my-tool deploy start --help',
  'my-tool ds --dir .',
])('`%s` is a call of the command', async command => {
  expect(await shown(command, { aliases: ['ds'] })).toEqual([])
})

test.each([
  ['EXAMPLE_OTHER_TOOL', 'deploy start --dir .'],
  ['EXAMPLE_OTHER_TOOL', 'other-tool deploy start --dir .'],
  ['EXAMPLE_OTHER_COMMAND', 'my-tool list'],
  ['EXAMPLE_OTHER_COMMAND', 'my-tool deploy --dir .'],
  ['EXAMPLE_OTHER_COMMAND', 'my-tool'],
  ['EXAMPLE_NOT_PLAIN', 'my-tool deploy start --dir . | jq .'],
  ['EXAMPLE_NOT_PLAIN', 'my-tool deploy start --dir $HOME'],
  ['EXAMPLE_NOT_PLAIN', "my-tool deploy start --dir 'open"],
  ['EXAMPLE_INVALID', 'my-tool deploy start'],
  ['EXAMPLE_INVALID', 'my-tool deploy start --dir . --dri .'],
  ['EXAMPLE_INVALID', 'my-tool deploy start --dir . --count three'],
  ['EXAMPLE_INVALID', 'my-tool deploy start --dir . red'],
  ['EXAMPLE_INVALID', 'my-tool deploy start --dir . blue green'],
  ['EXAMPLE_INVALID', `my-tool deploy start --dir . --filter '{"a": "one"}'`],
  ['EXAMPLE_INVALID', `my-tool deploy start --dir . --filter '{"b": 1}'`],
])('%s: `%s`', async (code, command) => {
  expect(await shown(command)).toEqual([`${code} examples.0.command`])
})

test('each example is checked, and says all that is wrong with it', async () => {
  const examples = [
    { description: 'd', command: 'my-tool deploy start --dir .' },
    { description: 'd', command: 'my-tool deploy start red --count x' },
  ]
  const [violation, ...others] = await violations(sound({ ...parts, examples }))
  expect(violation).toMatchObject({ code: 'EXAMPLE_INVALID', place: 'examples.1.command' })
  expect(violation?.message).toMatch(/--dir.*--count.*target|--count.*--dir.*target|--count.*target.*--dir/)
  expect(others).toEqual([])
})

test('a variable of the environment does not make an example whole', async () => {
  const flags = { dir: { type: 'string', required: true, description: 'd', env_vars: [{ name: 'PATH' }] } }
  expect(await shown('my-tool deploy start', { flags })).toEqual(['EXAMPLE_INVALID examples.0.command'])
})

test('flags that a declaration brings can be shown', async () => {
  expect(await shown('my-tool deploy start --dir . --yes', { interactive: true })).toEqual([])
  expect(await shown('my-tool deploy start --dir . --yes')).toEqual(['EXAMPLE_INVALID examples.0.command'])
})

test('an example of a command whose flags are unsound waits for these', async () => {
  const flags = { dir: { type: 'enum', description: 'd' } }
  expect(await shown('my-tool deploy start --dri .', { flags })).toEqual([
    'ENUM_VALUES_MISSING flags.dir.enum_values',
  ])
})

/** Where the fields of a command speak of each other, they must agree. */
import { describe, expect, test } from 'vitest'
import validate from '../../schemas/generated/validate-manifest-response.js'
import { whole, withCommand } from './manifest-documents.js'

function accepted(document: unknown) {
  const ok = validate(document)
  expect(ok, JSON.stringify(validate.errors)).toBe(true)
}

const protocol = { stdout: 'protocol', protocol: 'lsp' }
const passthrough = { arguments: 'passthrough', option_placement: 'strict' }
const background = {
  spawns_background_process: true,
  cleanup_command: 'my-tool stop',
  max_lifetime_seconds: 60,
}
const confirming = { danger_level: 'mutating', confirm_flag: 'yes' }
const interruption = { ...whole.commands['analyze'] }
const someFlag = { flags: { a: { type: 'boolean', required: false, description: 'x' } } }

describe.each([
  [
    'a command that serves a protocol',
    protocol,
    [
      { protocol: 'LSP' },
      { stderr: 'child_log' },
      { stdin: { mode: 'lines' } },
      { interactive: true },
      { streaming_default: true },
      { output_file: 'binary' },
      { output_schema: {} },
      { output_formats: [] },
      { output_media_types: { html: 'text/html' } },
      { async: true },
      { spawns_background_process: true },
      { cleanup_command: 'my-tool stop' },
      { max_lifetime_seconds: 60 },
      { safe_default: true },
      confirming,
      passthrough,
      interruption,
    ],
  ],
  [
    'a passthrough command',
    passthrough,
    [
      { option_placement: 'any' },
      { danger_level: 'destructive' },
      { positionals: [{ name: 'a', type: 'string', required: true, description: 'x' }] },
      { stderr: 'child_log' },
      someFlag,
      confirming,
    ],
  ],
  [
    'a background command',
    background,
    [
      { max_lifetime_seconds: 0 },
      { max_lifetime_seconds: 1.5 },
      { max_lifetime_seconds: '60' },
      { spawns_background_process: false },
      { async: true },
      interruption,
    ],
  ],
  [
    'a command with a confirming flag',
    confirming,
    [{ danger_level: 'safe' }, { safe_default: true }, { confirm_flag: '--yes' }, { confirm_flag: '' }],
  ],
  [
    'a command whose work survives the call',
    interruption,
    [
      { exit_codes: {} },
      { async: true },
      { streaming_default: true },
      { interruption: { detach: false, resume: false } },
      { interruption: { detach: true } },
    ],
  ],
  [
    'a command for a person',
    { requires_person: true, interactive: true, mcp: false },
    [{ interactive: false }, { mcp: true }, { requires_person: false }],
  ],
] as const)('%s', (_, whole_entry, additions) => {
  test('is accepted', () => accepted(withCommand(whole_entry)))

  test.each(additions.map(addition => [addition]))('is refused with %j', addition => {
    expect(validate(withCommand({ ...whole_entry, ...addition }))).toBe(false)
  })
})

describe('what goes together', () => {
  test.each([
    ['stdout without its protocol', { stdout: 'protocol' }],
    ['a protocol without stdout', { protocol: 'lsp' }],
    ['a place for a file that is not written', { output_file_base: 'cwd' }],
    ['help of a parser that is ours', { help_argv: ['help'] }],
    ['passthrough of options that are ours', { arguments: 'passthrough' }],
    ['an editor without a way around it', { requires_editor: true }],
    ['a terminal for a login without a token', { headless_supported: false }],
    ['windows without a word for where there are none', { gui_operations: ['browser_open'] }],
    ['a background process that nothing ends', { spawns_background_process: true, max_lifetime_seconds: 60 }],
    [
      'a background process without an end',
      { spawns_background_process: true, cleanup_command: 'my-tool stop' },
    ],
    ['the end of a process that is not started', { cleanup_command: 'my-tool stop' }],
    ['a person without a prompt', { requires_person: true, mcp: false }],
    ['a person whom a machine may call', { requires_person: true, interactive: true }],
    ['a limit of lines for what is read whole', { stdin: { mode: 'buffered', max_line_bytes: 1 } }],
    ['a limit of the whole for what is read in lines', { stdin: { mode: 'lines', max_bytes: 1 } }],
    ['records without a schema', { stdin: { mode: 'records' } }],
    ['a schema of records for lines', { stdin: { mode: 'lines', record_schema: {} } }],
    [
      'an end for what was asked for',
      { filesystem_side_effects: [{ path: 'x', type: 'output', ttl_seconds: 1 }] },
    ],
    ['a choice from one', { requires: [{ any_of: ['a'] }] }],
    ['a choice from the same twice', { requires: [{ one_of: ['a', 'a'] }] }],
    ['two conditions in one', { requires: [{ any_of: ['a', 'b'], one_of: ['a', 'b'] }] }],
    ['half a condition', { requires: [{ if_flag: 'a', if_value: 1 }] }],
  ])('%s is refused', (_, entry) => {
    expect(validate(withCommand(entry))).toBe(false)
  })

  test.each([
    ['an editor that is not needed', { requires_editor: false }],
    ['a login that needs no terminal', { headless_supported: true }],
    ['no background process', { spawns_background_process: false }],
  ])('%s asks for nothing else', (_, entry) => {
    accepted(withCommand(entry))
  })
})

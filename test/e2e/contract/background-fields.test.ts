/** The three fields of a background command, as registration sees them: all or none (REQ-C-010). */
import { expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { AuthorTool, listTool } from './harness/author.js'
import { checkedManifest } from './harness/checked.js'

const FIELDS = {
  spawns_background_process: 'spawns_background_process: true,',
  cleanup_command: "cleanup_command: 'stop',",
  max_lifetime_seconds: 'max_lifetime_seconds: 60,',
} as const
type Field = keyof typeof FIELDS
const NAMES: readonly Field[] = ['spawns_background_process', 'cleanup_command', 'max_lifetime_seconds']

const combinations = Array.from({ length: 8 }, (_, bits) => NAMES.filter((_, index) => bits & (1 << index)))

interface Violation {
  readonly code: string
  readonly command: string
  readonly place: string
  readonly message: string
  readonly fix: string
}

/** A tool with one command that declares these fields. */
function toolWith(sandbox: Sandbox, fields: string): AuthorTool {
  const starts = `async (args, ctx) => { await ctx.background.spawn(['sleep', '300']); return {} }`
  return new AuthorTool(sandbox, { 'tool.mjs': listTool(`command('start', ${starts}, { ${fields} })`) })
}

async function violationsOf(tool: AuthorTool): Promise<Violation[]> {
  const { error, meta } = await tool.ask(['version'])
  expect(error.code).toBe('REGISTRATION_REFUSED')
  expect(meta.exit_code).toBe(1)
  return error.context.violations
}

for (const declared of combinations) {
  const text = declared.map(field => FIELDS[field]).join(' ')
  const what = declared.length === 0 ? 'none of them' : declared.join(' and ')
  if (declared.length === 0 || declared.length === 3) {
    test(`REQ-C-010: a command that declares ${what} is registered`, async () => {
      const tool = toolWith(Sandbox.create(), text)
      const { commands } = checkedManifest(await tool.call(['manifest']))
      const shown = NAMES.filter(field => commands.start[field] !== undefined)
      expect(shown).toEqual(declared)
      if (declared.length === 3) {
        expect(commands.start).toMatchObject({
          spawns_background_process: true,
          cleanup_command: 'mytool stop',
          max_lifetime_seconds: 60,
        })
      }
    })
  } else {
    test(`REQ-C-010: a command that declares only ${what} is refused, every missing field named at once`, async () => {
      const violations = await violationsOf(toolWith(Sandbox.create(), text))
      const missing = NAMES.filter(field => !declared.includes(field))
      expect(violations.map(({ code, command, place }) => ({ code, command, place }))).toEqual(
        missing.map(place => ({ code: 'BACKGROUND_FIELDS_INCOMPLETE', command: 'start', place })),
      )
      for (const { fix } of violations) for (const field of NAMES) expect(fix).toContain(field)
    })
  }
}

for (const lifetime of ["'60'", '0', '-1', '1.5', 'NaN', 'Infinity', '31536001', 'null', '[60]']) {
  test(`REQ-C-010: a lifetime of ${lifetime} is refused`, async () => {
    const fields = `spawns_background_process: true, cleanup_command: 'stop', max_lifetime_seconds: ${lifetime}`
    const violations = await violationsOf(toolWith(Sandbox.create(), fields))
    expect(violations).toHaveLength(1)
    expect(violations[0]).toMatchObject({ command: 'start', place: 'max_lifetime_seconds' })
    expect(violations[0]?.fix).not.toBe('')
  })
}

test('REQ-C-010: lifetimes of one second and of one year are accepted', async () => {
  for (const seconds of [1, 31_536_000]) {
    const fields = `spawns_background_process: true, cleanup_command: 'stop', max_lifetime_seconds: ${seconds}`
    const { commands } = checkedManifest(await toolWith(Sandbox.create(), fields).call(['manifest']))
    expect(commands.start.max_lifetime_seconds).toBe(seconds)
  }
})

test('REQ-C-010: a command that declares none of the fields cannot start a background process from JavaScript', async () => {
  const sandbox = Sandbox.create()
  const envelope = await toolWith(sandbox, '').ask(['start'])
  expect(envelope.error).toMatchObject({ code: 'UNDECLARED_CAPABILITY' })
  expect(envelope.error.fix_required).toContain('spawns_background_process')
  await sandbox.nothingLeft()
})

/** Danger levels and what they oblige to: an effect, a preview, a confirmation. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { AuthorTool, listTool } from './harness/author.js'
import { checked, checkedManifest } from './harness/checked.js'

const EFFECTS = "['created', 'updated', 'deleted', 'noop', 'would_delete']"
const OUTPUT = `output_schema: { type: 'object', properties: { effect: { enum: ${EFFECTS} }, would_affect: { type: 'object' } }, required: ['effect'] }`
const DRY_RUN = "'dry-run': { type: 'boolean', description: 'Only say it' }"

/** `remove` deletes a file, for real. */
const REMOVE = `command('remove', async ({ file }, ctx) => {
  const { existsSync, rmSync } = await import('node:fs')
  if (!existsSync(file)) return { effect: ctx.dryRun ? 'would_noop' : 'noop', would_affect: {} }
  if (ctx.dryRun) return { effect: 'would_delete', would_affect: { files: [file] } }
  rmSync(file)
  return { effect: 'deleted' }
}, { danger_level: 'destructive', flags: { ${DRY_RUN}, file: { type: 'string', required: true, pattern_type: 'filepath', description: 'Which' } },
  output_schema: { type: 'object', properties: { effect: { enum: ['deleted', 'noop', 'would_delete', 'would_noop'] }, would_affect: { type: 'object' } }, required: ['effect'] } })`

function world() {
  const sandbox = Sandbox.create()
  const file = join(sandbox.path, 'precious')
  writeFileSync(file, 'x')
  return { file, author: new AuthorTool(sandbox, { 'tool.mjs': listTool(REMOVE) }) }
}

async function refusedFor(command: string): Promise<string[]> {
  const { error } = await new AuthorTool(Sandbox.create(), { 'tool.mjs': listTool(command) }).ask(['version'])
  expect(error.code).toBe('REGISTRATION_REFUSED')
  return error.context.violations.map(
    ({ code, place }: { code: string; place: string }) => `${code} ${place}`,
  )
}

test('REQ-C-002: a contract without a danger level, or with an unknown one, is refused', async () => {
  expect(await refusedFor(`command('one', async () => ({}), { danger_level: undefined })`)).toEqual([
    'FIELD_MISSING danger_level',
  ])
  expect(await refusedFor(`command('one', async () => ({}), { danger_level: 'harmless' })`)).toEqual([
    'FIELD_VALUE danger_level',
  ])
})

test('REQ-C-002: --schema of every command says how dangerous it is', async () => {
  const sandbox = Sandbox.create()
  for (const path of Object.keys(checkedManifest(await sandbox.call(['manifest'])).commands)) {
    const { data } = checked(await sandbox.call([...path.split('.'), '--schema']))
    expect(['safe', 'mutating', 'destructive'], path).toContain(data.danger_level)
  }
})

test('REQ-C-003: a mutating command that cannot say what it did is refused', async () => {
  expect(await refusedFor(`command('one', async () => ({}), { danger_level: 'mutating' })`)).toEqual([
    'EFFECT_MISSING output_schema.properties.effect',
  ])
})

test('REQ-C-003: what a mutating command did is one of four words, or the call fails', async () => {
  const author = new AuthorTool(Sandbox.create(), {
    'tool.mjs': listTool(
      `command('change', async ({ to }) => (to === 'silent' ? {} : { effect: to }), { danger_level: 'mutating',
        flags: { to: { type: 'string', required: true, description: 'Effect' } },
        output_schema: { type: 'object', properties: { effect: { enum: ${EFFECTS} } }, required: ['effect'] } })`,
    ),
  })
  for (const effect of ['created', 'updated', 'deleted', 'noop'])
    expect((await author.ask(['change', '--to', effect])).data).toEqual({ effect })
  for (const effect of ['silent', 'would_delete', 'sent']) {
    const { data, error, meta } = await author.ask(['change', '--to', effect])
    expect(meta.exit_code, effect).toBe(1)
    expect(data, effect).toBeNull()
    expect(['EFFECT_MISSING', 'OUTPUT_INVALID'], effect).toContain(error.code)
  }
})

test('REQ-C-003: stopping what has ended already is a noop', async () => {
  const sandbox = Sandbox.create()
  const { data } = checked(await sandbox.call(['start-watcher', '--dir', sandbox.directory('watched')]))
  const stop = async () => checked(await sandbox.call(['stop', data.run_id])).data.effect
  expect(await stop()).toBe('updated')
  expect(await stop()).toBe('noop')
})

test('REQ-C-004: a destructive command without --dry-run is refused', async () => {
  expect(
    await refusedFor(`command('one', async () => ({}), { danger_level: 'destructive', ${OUTPUT} })`),
  ).toEqual(['DRY_RUN_MISSING flags.dry-run'])
})

test('REQ-C-004: --dry-run changes nothing, exits 0, and says what would be affected', async () => {
  const { author, file } = world()
  const { data, meta } = await author.ask(['remove', '--file', file, '--dry-run'])
  expect(meta.exit_code).toBe(0)
  expect(data).toEqual({ effect: 'would_delete', would_affect: { files: [file] } })
  expect(existsSync(file)).toBe(true)
})

test('REQ-C-004: a preview that does not say what it would affect, or says that it was done, fails', async () => {
  const author = new AuthorTool(Sandbox.create(), {
    'tool.mjs': listTool(
      `command('vague', async () => ({ effect: 'would_delete' }), { danger_level: 'destructive', flags: { ${DRY_RUN} }, ${OUTPUT} }),
       command('eager', async () => ({ effect: 'deleted', would_affect: {} }), { danger_level: 'destructive', flags: { ${DRY_RUN} }, ${OUTPUT} })`,
    ),
  })
  expect((await author.ask(['vague', '--dry-run'])).error.code).toBe('PREVIEW_INCOMPLETE')
  expect((await author.ask(['eager', '--dry-run'])).error.code).toBe('EFFECT_MISSING')
})

test('a destructive command that is not confirmed exits 2 with a preview, and does nothing', async () => {
  const { author, file } = world()
  const { data, error, meta } = await author.ask(['remove', '--file', file])
  expect(meta.exit_code).toBe(2)
  expect(error).toMatchObject({
    code: 'CONFIRMATION_REQUIRED',
    phase: 'validation',
    retryable: false,
    context: { danger_level: 'destructive', would_affect: { files: [file] } },
  })
  expect(error.fix_required).toContain('--confirm-destructive')
  expect(data).toEqual({ effect: 'would_delete', would_affect: { files: [file] } })
  expect(existsSync(file)).toBe(true)
})

test('a destructive command that is confirmed does it; with --dry-run too, the dry run wins', async () => {
  const { author, file } = world()
  const both = await author.ask(['remove', '--file', file, '--dry-run', '--confirm-destructive'])
  expect(both.data.effect).toBe('would_delete')
  expect(existsSync(file)).toBe(true)
  const done = await author.ask(['remove', '--confirm-destructive', '--file', file])
  expect(done.data).toEqual({ effect: 'deleted' })
  expect(done.meta.confirmed).toBe(true)
  expect(existsSync(file)).toBe(false)
})

test('an agent learns --confirm-destructive from the manifest and from --schema', async () => {
  const { author } = world()
  const { commands } = checkedManifest(await author.call(['manifest']))
  expect(commands.remove.flags['confirm-destructive']).toMatchObject({ type: 'boolean', required: false })
  const { data } = await author.ask(['remove', '--schema'])
  expect(data.requires_confirmation).toBe(true)
  expect(data.parameters['confirm-destructive']).toMatchObject({ type: 'boolean' })
})

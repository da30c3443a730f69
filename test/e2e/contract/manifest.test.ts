/** The manifest: all that a tool can do in one answer, enough for an agent that reads nothing else (REQ-O-041). */
import { expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { agentCalls } from './harness/agent.js'
import { AuthorTool, listTool } from './harness/author.js'
import { checked, checkedManifest, expectFits } from './harness/checked.js'

const STREAMS = new Set(['run', 'attach', 'logs', 'events'])

test('REQ-O-041: the manifest is one JSON object with every command, built-ins marked, and their whole flags', async () => {
  const sandbox = Sandbox.create()
  const manifest = checkedManifest(await sandbox.call(['manifest']))
  const builtins = Object.entries<{ builtin?: boolean }>(manifest.commands)
    .filter(([, { builtin }]) => builtin)
    .map(([path]) => path)
  expect(builtins).toEqual(
    expect.arrayContaining([
      'cleanup',
      'doctor',
      'manifest',
      'ps',
      'session.list',
      'session.stop',
      'show',
      'stop',
      'version',
    ]),
  )
  expect(builtins).not.toContain('start-watcher')
  expect(manifest.commands['start-watcher'].flags.dir).toMatchObject({
    type: 'string',
    required: true,
    pattern_type: 'filepath',
  })
  expect(manifest.commands.ps.flags.limit).toMatchObject({ type: 'integer', required: false, default: 20 })
  for (const name of ['format', 'session', 'timeout', 'quiet', 'cwd', 'help'])
    expect(manifest.flags[name], name).toBeDefined()
  expect(manifest.flags.format.env_vars.map(({ name }: { name: string }) => name)).toEqual([
    'CHAPERONE_FORMAT',
  ])
})

test('REQ-O-041: the manifest has an exit code table for every command', async () => {
  const manifest = checkedManifest(await Sandbox.create().call(['manifest']))
  expect(Object.keys(manifest.exit_codes)).toEqual(
    expect.arrayContaining(['0', '1', '2', '4', '10', '129', '130', '143']),
  )
  for (const [path, command] of Object.entries<{ exit_codes: Record<string, unknown> }>(manifest.commands)) {
    for (const [code, entry] of Object.entries(command.exit_codes)) {
      expectFits('exit-code-entry.json', entry)
      // Only what differs: an identical repeat would say nothing.
      expect(entry, `${path} ${code}`).not.toEqual(manifest.exit_codes[code])
    }
  }
})

test('REQ-O-041: an unchanged manifest is not sent again', async () => {
  const sandbox = Sandbox.create()
  const { etag } = checkedManifest(await sandbox.call(['manifest']))
  expect(etag).toMatch(/^[0-9a-f]{64}$/)
  const again = checked(await sandbox.call(['manifest', '--etag', etag]))
  expect(again).toMatchObject({
    ok: true,
    data: null,
    error: null,
    meta: { exit_code: 0, not_modified: true },
  })
  const other = await sandbox.call(['manifest', '--etag', etag.replaceAll(/./g, '0')])
  expect(checkedManifest(other).etag).toBe(etag)
  expect(checked(other).meta.not_modified).toBeUndefined()
})

test('REQ-O-041: the etag is the same at every call and another one when a contract changes', async () => {
  const author = new AuthorTool(Sandbox.create(), {
    'tool.mjs': listTool("command('one', async () => ({}))"),
  })
  const etag = async () => checkedManifest(await author.call(['manifest'])).etag
  const before = await etag()
  expect(await etag()).toBe(before)
  author.write('tool.mjs', listTool("command('one', async () => ({}), { idempotent: true })"))
  expect(await etag()).not.toBe(before)
})

test('REQ-O-041: the manifest says the same whatever the environment, the directory and the locale are', async () => {
  const sandbox = Sandbox.create()
  const plain = await sandbox.call(['manifest'])
  const other = await sandbox.call(['manifest'], {
    cwd: '/',
    env: { LC_ALL: 'de_DE.UTF-8', TZ: 'Asia/Tokyo', HOME: '/nowhere', CHAPERONE_SESSION_ID: 'another' },
  })
  expect(JSON.stringify(checkedManifest(other))).toBe(JSON.stringify(checkedManifest(plain)))
})

test('REQ-O-041: an agent that has only the manifest builds calls of every command of the reference tool that are accepted', async () => {
  const sandbox = Sandbox.create()
  const manifest = checkedManifest(await sandbox.call(['manifest']))
  const calls = agentCalls('chaperone', manifest, sandbox.directory('agent'))
  expect(new Set(calls.map(({ path }) => path))).toEqual(new Set(Object.keys(manifest.commands)))
  // A step of the tool's own build would change the tool that all tests share.
  for (const { path, argv } of calls.filter(({ argv }) => !argv.includes('--write'))) {
    const answer = await sandbox.call(['--timeout', '5s', ...argv], { cwd: sandbox.directory('agent') })
    const what = `${argv.join(' ')}: ${answer.stdout}${answer.stderr}`
    expect(answer.code, what).not.toBe(2)
    // Stdout of these belongs to a program or to a stream.
    if (STREAMS.has(path)) continue
    const { meta } = checked(answer)
    expect(meta.command, what).toBe(path)
    const declared = { ...manifest.exit_codes, ...manifest.commands[path].exit_codes }
    expect(declared[String(meta.exit_code)], what).toBeDefined()
  }
  checked(await sandbox.call(['cleanup', '--all-sessions']))
})

test('REQ-O-041: an agent that has only the manifest calls every kind of flag and positional as it is meant', async () => {
  const sandbox = Sandbox.create()
  const author = new AuthorTool(sandbox, {
    'tool.mjs': listTool(`
      command('kinds', async args => ({ args }), {
        flags: {
          text: { type: 'string', required: true, description: 'T' }, whole: { type: 'integer', required: true, description: 'W' },
          real: { type: 'number', required: true, description: 'R' }, yes: { type: 'boolean', description: 'Y' },
          choice: { type: 'enum', enum_values: ['red', 'blue'], required: true, description: 'C' },
          level: { type: 'integer', enum_values: [3, 5], required: true, description: 'L' },
          many: { type: 'array', required: true, description: 'M' },
          item: { type: 'object', required: true, description: 'I', schema: { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] } },
          id: { type: 'string', pattern_type: 'uuid', required: true, description: 'U' },
          release: { type: 'string', pattern_type: 'semver', required: true, description: 'S' },
          page: { type: 'string', pattern_type: 'url', required: true, description: 'P' },
          shape: { type: 'string', pattern: '^[a-c]{2}-[0-9]+$', required: true, description: 'X' },
        },
        positionals: [{ name: 'first', type: 'enum', enum_values: ['up', 'down'], required: true, description: 'F' },
          { name: 'rest', type: 'integer', variadic: true, description: 'Z' }] }),
      command('group remove', async (args, ctx) => ({ effect: ctx.dryRun ? 'would_delete' : 'deleted', would_affect: {} }), {
        danger_level: 'destructive', flags: { 'dry-run': { type: 'boolean', description: 'D' } },
        output_schema: { type: 'object', properties: { effect: { enum: ['deleted', 'would_delete'] } }, required: ['effect'] } }),
      command('ask', async (args, ctx) => ({ said: await ctx.prompt('Sure?', { suggestion: 'mytool ask --yes' }) }), { interactive: true }),
    `),
  })
  const manifest = checkedManifest(await author.call(['manifest']))
  const calls = agentCalls('mytool', manifest, sandbox.directory('agent'))
  const own = calls.filter(({ path }) => !manifest.commands[path].builtin)
  expect(new Set(own.map(({ path }) => path))).toEqual(new Set(['kinds', 'group.remove', 'ask']))
  for (const { argv } of own) {
    const { error, meta } = await author.ask(argv)
    expect(meta.exit_code, `${argv.join(' ')}: ${JSON.stringify(error)}`).toBe(0)
  }
})

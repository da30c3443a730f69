/** `doctor`, `version` and the pages of `ps`. */
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { AuthorTool, listTool } from '../contract/harness/author.js'
import { checked } from '../contract/harness/checked.js'
import { onTerminal } from '../contract/harness/terminal.js'
import { Sandbox } from '../harness/sandbox.js'

interface Check {
  readonly name: string
  readonly ok: boolean
  readonly error?: string
  readonly fix?: string
}

test('version tells the tool, the framework and Node', async () => {
  const { data, meta } = checked(await Sandbox.create().call(['version']))
  expect(data).toMatchObject({ name: 'chaperone', version: meta.tool_version, framework: 'chaperone' })
  expect(data.node_version).toBe(process.versions.node)
  expect(data.framework_version).toMatch(/^\d+\.\d+\.\d+/)
})

test('doctor finds a sound machine sound, and makes nothing', async () => {
  const sandbox = Sandbox.create()
  const { data, ok } = checked(await sandbox.call(['doctor']))
  expect(ok).toBe(true)
  const names = data.checks.map(({ name }: Check) => name)
  expect(names).toEqual(
    expect.arrayContaining(['node', 'state_directory', 'tracking', 'guard', 'shim', 'manifest']),
  )
  for (const check of data.checks) expect(check.ok, JSON.stringify(check)).toBe(true)
  expect(existsSync(sandbox.state)).toBe(false)
})

test('doctor names what is missing, and its fix, with exit 4', async () => {
  const sandbox = Sandbox.create()
  const file = sandbox.file('a-file', '')
  const open = sandbox.directory('open')
  mkdirSync(join(open, 'state'), { mode: 0o777 })
  await sandbox.sh(`chmod 777 '${open}/state'`)
  for (const [path, word] of [
    [file, 'a-file'],
    [join(file, 'below'), 'a-file'],
    [join(open, 'state'), 'open/state'],
    ['relative', 'relative'],
    ['/proc/none/state', '/proc'],
  ] as const) {
    const { data, error, meta } = checked(
      await sandbox.call(['doctor'], { env: { CHAPERONE_STATE_DIR: path } }),
    )
    expect([meta.exit_code, error.code], path).toEqual([4, 'DOCTOR_CHECKS_FAILED'])
    const failed = data.checks.filter(({ ok }: Check) => !ok)
    expect(
      failed.map(({ name }: Check) => name),
      path,
    ).toEqual(['state_directory'])
    expect(failed[0].error, path).toContain(word)
    expect(failed[0].fix, path).toContain('CHAPERONE_STATE_DIR')
    expect(error.fix_required, path).toContain('CHAPERONE_STATE_DIR')
  }
})

test('a state directory that cannot be used is named by every command that needs it, and hinders no other', async () => {
  const sandbox = Sandbox.create()
  const env = { CHAPERONE_STATE_DIR: sandbox.file('a-file', '') }
  for (const argv of [
    ['ps'],
    ['stop', 'abcd'],
    ['show', 'abcd'],
    ['session', 'list'],
    ['session', 'stop', 'a'],
    ['cleanup'],
    ['start-watcher', '--dir', '.'],
  ]) {
    const { error, meta } = checked(await sandbox.call(argv, { env }))
    expect([meta.exit_code, error.code], argv.join(' ')).toEqual([4, 'STATE_DIR_UNAVAILABLE'])
    expect(error.fix_required).toContain('CHAPERONE_STATE_DIR')
  }
  for (const argv of [['version'], ['manifest'], ['--help'], ['ps', '--schema']])
    expect(checked(await sandbox.call(argv, { env })).ok, argv.join(' ')).toBe(true)
})

/** A tool whose `many` leaves that many ended runs on record. */
function runner(sandbox: Sandbox): AuthorTool {
  return new AuthorTool(sandbox, {
    'tool.mjs': listTool(
      `command('many', async ({ count }, ctx) => { for (let n = 0; n < count; n++) await ctx.run(['true']); return {} }, {
        flags: { count: { type: 'integer', required: true, description: 'How many' } } })`,
    ),
  })
}

interface Row {
  readonly run_id: string
  readonly short_id: string
}

async function pages(tool: AuthorTool, ...argv: string[]): Promise<Row[][]> {
  const found: Row[][] = []
  for (let cursor: string | null = null; ; ) {
    const { data, meta } = await tool.ask([...argv, ...(cursor === null ? [] : ['--cursor', cursor])])
    found.push(data.runs)
    const { pagination } = meta
    expect(pagination.returned).toBe(data.runs.length)
    expect(pagination.truncated).toBe(pagination.has_more)
    expect(pagination.next_cursor !== null).toBe(pagination.has_more)
    if (!pagination.has_more) return found
    cursor = pagination.next_cursor
    expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/)
  }
}

test('ps lists twenty runs by default and all with --limit 0, and always tells the page', async () => {
  const tool = runner(Sandbox.create())
  const empty = await tool.ask(['ps'])
  expect(empty.meta.pagination).toEqual({
    total: 0,
    returned: 0,
    truncated: false,
    has_more: false,
    next_cursor: null,
  })
  expect((await tool.ask(['ps', '--schema'])).data.parameters.limit.default).toBe(20)

  expect((await tool.ask(['many', '--count', '23'])).ok).toBe(true)
  const first = await tool.ask(['ps', '--all'])
  expect(first.data.runs).toHaveLength(20)
  expect(first.meta.pagination).toMatchObject({ total: 23, returned: 20, truncated: true, has_more: true })
  const all = await tool.ask(['ps', '--all', '--limit', '0'])
  expect(all.meta.pagination).toEqual({
    total: 23,
    returned: 23,
    truncated: false,
    has_more: false,
    next_cursor: null,
  })
  expect((await tool.ask(['ps'])).data.runs).toEqual([])
})

test('the pages of ps hold every run once, in one order, whatever their size; new runs do not shift them', async () => {
  const tool = runner(Sandbox.create())
  await tool.ask(['many', '--count', '7'])
  const all: Row[] = (await tool.ask(['ps', '--all', '--limit', '0'])).data.runs
  for (const limit of ['1', '3', '7', '8'])
    expect(
      (await pages(tool, 'ps', '--all', '--limit', limit)).flat().map(({ run_id }) => run_id),
      limit,
    ).toEqual(all.map(({ run_id }) => run_id))
  const { data, meta } = await tool.ask(['ps', '--all', '--limit', '3'])
  await tool.ask(['many', '--count', '2'])
  const next = await tool.ask(['ps', '--all', '--limit', '4', '--cursor', meta.pagination.next_cursor])
  expect([...data.runs, ...next.data.runs].map(({ run_id }: Row) => run_id)).toEqual(
    all.map(({ run_id }) => run_id),
  )
  const ids = all.map(({ run_id, short_id }) => run_id.startsWith(short_id) && short_id.length >= 4)
  expect(ids.every(Boolean)).toBe(true)
})

test('a cursor of another list, a damaged one and one of a run that is gone are refused with what to do', async () => {
  const sandbox = Sandbox.create()
  const tool = runner(sandbox)
  await tool.ask(['many', '--count', '3'])
  const { meta } = await tool.ask(['ps', '--all', '--limit', '1'])
  const cursor = meta.pagination.next_cursor
  for (const argv of [
    ['ps', '--cursor', cursor],
    ['ps', '--status', 'exited', '--cursor', cursor],
    ['ps', '--all', '--session', 'a', '--cursor', cursor],
    ['ps', '--all', '--cursor', `${cursor}x`.slice(2)],
    ['ps', '--all', '--cursor', 'bogus'],
    ['ps', '--all', '--cursor', ''],
  ]) {
    const { error, meta: refused } = await tool.ask(argv)
    expect([refused.exit_code, error.code], argv.join(' ')).toEqual([2, 'INVALID_CURSOR'])
    expect(error.fix_required).toContain('without --cursor')
  }
  await tool.ask(['cleanup', '--scope', 'runs'])
  expect((await tool.ask(['ps', '--all', '--cursor', cursor])).error.code).toBe('INVALID_CURSOR')
})

test('people see the rows of ps as a table, and the way to the next page', async () => {
  const sandbox = Sandbox.create()
  const tool = runner(sandbox)
  await tool.ask(['many', '--count', '3'])
  const { screen, code } = await onTerminal(sandbox, `node '${tool.script}' ps --all --limit 2`, {
    env: { MYTOOL_STATE_DIR: sandbox.state, NO_COLOR: '1' },
  })
  expect(code).toBe(0)
  expect(screen).toMatch(/^short id\s+status/i)
  expect(screen).toMatch(/\n2 of 3 shown; more: --cursor \S+\n$/)
})

test('a person reads one id, a short session and an age of each run; a program all of it', async () => {
  const sandbox = Sandbox.create()
  const started = checked(await sandbox.call(['start-watcher', '--dir', '.'])).data
  const { screen } = await onTerminal(sandbox, 'chaperone ps', { env: { NO_COLOR: '1' } })
  const [header = '', row = ''] = screen.split('\n')
  expect(header).toMatch(/^SHORT ID .* SESSION .* AGE(?: |$)/)
  expect(header).not.toMatch(/RUN ID|SESSION ID|CREATED/)
  expect(row).toContain(`${started.session_id.slice(0, 8)}…`)
  expect(row).toMatch(/ \d+[smhd](?: |$)/)
  expect(checked(await sandbox.call(['ps'])).data.runs).toMatchObject([
    { run_id: started.run_id, session_id: started.session_id, created_at: expect.any(String) },
  ])
  await sandbox.sh(started.cleanup_command)
})

test('doctor is a table of checks in every form', async () => {
  const { stdout } = await Sandbox.create().call(['doctor', '--format', 'tsv'])
  const [header = '', ...rows] = stdout.trimEnd().split('\n')
  expect(header.split('\t')).toEqual(expect.arrayContaining(['name', 'ok']))
  expect(rows.length).toBeGreaterThan(5)
})

test('an unknown run or session is answered with a command that shows what there is, and no example', async () => {
  const sandbox = Sandbox.create()
  const unknown = checked(await sandbox.call(['stop', 'abcd'])).error
  expect(unknown.code).toBe('RUN_NOT_FOUND')
  expect(checked(await sandbox.sh(unknown.fix_command)).ok).toBe(true)
  for (const [argv, help] of [
    [['stop', 'xx'], 'chaperone stop --help'],
    [['session', 'stop'], 'chaperone session stop --help'],
    [['show'], 'chaperone show --help'],
  ] as const)
    expect(checked(await sandbox.call(argv)).error.suggestion).toBe(help)
})

/** What the compiler accepts and refuses of a command, asked of the project's own compiler with the project's settings. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const ROOT = new URL('../..', import.meta.url).pathname

const PARTS = {
  name: `name: 'deploy start',`,
  description: `description: 'Start it.',`,
  danger_level: `danger_level: 'safe',`,
  required_scopes: `required_scopes: [],`,
  flags: `flags: {},`,
  exit_codes: `exit_codes: { SUCCESS: { description: 'Done', retryable: false, side_effects: 'complete' } },`,
  output_schema: `output_schema: { type: 'object' },`,
  execute: `async execute() { return {} },`,
}

/** A command that compiles, with the given parts in place of its own; a null part is left out. */
function command(parts: Readonly<Record<string, string | null>> = {}): string {
  const lines = Object.entries({ ...PARTS, ...parts }).filter(([, text]) => text !== null)
  return `defineCommand({\n${lines.map(([, text]) => text).join('\n')}\n})`
}

const failures = (...entries: string[]): string =>
  `exit_codes: {
    SUCCESS: { description: 'Done', retryable: false, side_effects: 'complete' },
    ${entries.join('\n')}
  },`
const exit = `description: 'd', retryable: false, side_effects: 'none'`
const background = `spawns_background_process: true, cleanup_command: 'stop', max_lifetime_seconds: 60,`

/** The line on which the compiler must complain ends in this. */
const MARK = '// refused'

const REFUSED: Readonly<Record<string, string>> = {
  'a background command without the other two fields': command({
    more: `spawns_background_process: true,`,
  }).replace('defineCommand({', `defineCommand({ ${MARK}`),
  'a background command without a lifetime': command({
    more: `spawns_background_process: true, cleanup_command: 'stop',`,
  }).replace('defineCommand({', `defineCommand({ ${MARK}`),
  'a cleanup command on a command that leaves nothing': command({ more: `cleanup_command: 'stop', ${MARK}` }),
  'a lifetime that is text': command({
    more: `spawns_background_process: true,\ncleanup_command: 'stop',\nmax_lifetime_seconds: '60', ${MARK}`,
  }),
  'ctx.background on a command that declares none': command({
    execute: `async execute(_args, ctx) {\nawait ctx.background.spawn(['x']) ${MARK}\nreturn {} },`,
  }),
  'ctx.foreground on a command that declares none': command({
    execute: `async execute(_args, ctx) {\nawait ctx.foreground.run(['x']) ${MARK}\nreturn {} },`,
  }),
  'a program in the foreground in a mode that is none': command({
    more: `delegates_stdio: true,`,
    execute: `async execute(_args, ctx) {\nawait ctx.foreground.run(['x'], { mode: 'loose' }) ${MARK}\nreturn {} },`,
  }),
  'a background process without a program': command({
    more: background,
    execute: `async execute(_args, ctx) {\nawait ctx.background.spawn([]) ${MARK}\nreturn {} },`,
  }),
  'ctx.dryRun on a safe command': command({
    execute: `async execute(_args, ctx) {\nctx.dryRun ${MARK}\nreturn {} },`,
  }),
  'ctx.prompt on a command that is not interactive': command({
    execute: `async execute(_args, ctx) {\nawait ctx.prompt('Sure?', { suggestion: 'yes' }) ${MARK}\nreturn {} },`,
  }),
  'an exit that is not declared': command({
    execute: `async execute(_args, ctx) {\nthrow ctx.exit.NOT_FOUND('x') ${MARK}\n},`,
  }),
  'success as a failure': command({
    execute: `async execute(_args, ctx) {\nthrow ctx.exit.SUCCESS('x') ${MARK}\n},`,
  }),
  'exit codes without success': command({ exit_codes: `exit_codes: { NOT_FOUND: { ${exit} } }, ${MARK}` }),
  'an own exit without a number': command({ exit_codes: failures(`OWN: { ${exit} }, ${MARK}`) }),
  'a number for a standard exit': command({
    exit_codes: failures(`NOT_FOUND: { code: 80, ${exit} }, ${MARK}`),
  }),
  'an exit without its side effects': command({
    exit_codes: failures(`NOT_FOUND: { description: 'd', retryable: false }, ${MARK}`),
  }),
  'a misspelt part of an exit': command({
    exit_codes: failures(`NOT_FOUND: { ${exit}, retry: 1 }, ${MARK}`),
  }),
  'a flag that is not declared': command({
    execute: `async execute(args) {\nargs.dir ${MARK}\nreturn {} },`,
  }),
  'a flag without a description': command({ flags: `flags: {\ndir: { type: 'string' }, ${MARK}\n},` }),
  'a flag of an unknown type': command({
    flags: `flags: {\ndir: { type: 'path', description: 'd' }, ${MARK}\n},`,
  }),
  'a misspelt part of a flag': command({
    flags: `flags: {\ndir: { type: 'string', description: 'd', requird: true }, ${MARK}\n},`,
  }),
  'an enum without values': command({
    flags: `flags: {\nkind: { type: 'enum', description: 'd' }, ${MARK}\n},`,
  }),
  'an object without a schema': command({
    flags: `flags: {\nfilter: { type: 'object', description: 'd' }, ${MARK}\n},`,
  }),
  'a default of another type': command({
    flags: `flags: {\ncount: { type: 'integer', description: 'd', default: '1' }, ${MARK}\n},`,
  }),
  'an optional flag taken for given': command({
    flags: `flags: { dir: { type: 'string', description: 'd' } },`,
    execute: `async execute(args) {\nconst dir: string = args.dir ${MARK}\nreturn { dir } },`,
  }),
  'a value that an enum does not have': command({
    flags: `flags: { kind: { type: 'enum', enum_values: ['a', 'b'], required: true, description: 'd' } },`,
    execute: `async execute(args) {\nif (args.kind === 'c') return {} ${MARK}\nreturn {} },`,
  }),
  'a change of an argument': command({
    flags: `flags: { dir: { type: 'string', required: true, description: 'd' } },`,
    execute: `async execute(args) {\nargs.dir = 'x' ${MARK}\nreturn {} },`,
  }),
  'an answer of another type than declared': command({
    output_schema: `output_schema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },`,
    execute: `async execute() { return { n: 'one' } }, ${MARK}`,
  }),
  'an answer without a required property': command({
    output_schema: `output_schema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },`,
    execute: `async execute() { return {} }, ${MARK}`,
  }),
  'an effect that is not declared': command({
    danger_level: `danger_level: 'mutating',`,
    output_schema: `output_schema: { type: 'object', properties: { effect: { enum: ['updated', 'noop'] } }, required: ['effect'] },`,
    execute: `async execute() { return { effect: 'deleted' as const } }, ${MARK}`,
  }),
  'a handler that is not asynchronous': command({ execute: `execute() { return {} }, ${MARK}` }),
  'a field that no contract has': command({ more: `timeout: 5, ${MARK}` }),
  'a check of the input that is asynchronous': command({ more: `async validate() { return [] }, ${MARK}` }),
  ...Object.fromEntries(
    Object.keys(PARTS)
      .filter(part => part !== 'execute')
      .concat('execute')
      .map(part => [
        `a command without ${part}`,
        command({ [part]: null }).replace('defineCommand({', `defineCommand({ ${MARK}`),
      ]),
  ),
}

const ACCEPTED: Readonly<Record<string, string>> = {
  'the smallest command': command(),
  'a background command': command({
    more: background,
    execute: `async execute(_args, ctx) {
      const run = await ctx.background.spawn(['sleep', '9'], { name: 'nap' })
      const known: { run_id: string; session_id: string; pid: number; log_path: string } = run
      await ctx.background.existing(known.run_id)
      return {} },`,
  }),
  'a program in the foreground': command({
    more: `delegates_stdio: true,`,
    execute: `async execute(_args, ctx) {
      const report = await ctx.foreground.run(['vi'], { mode: 'follow-descendants', linger_ms: 5 })
      const known: { exit_code: number | null; ended_by: string | null } = report
      return known },`,
  }),
  'a command that says that it leaves nothing': command({ more: `spawns_background_process: false,` }),
  'declared exits': command({
    exit_codes: failures(`NOT_FOUND: { ${exit} },`, `OWN: { code: 80, ${exit}, error_codes: ['A_B'] },`),
    execute: `async execute(_args, ctx) {
      if (ctx.cwd === '/') throw ctx.exit.NOT_FOUND('gone', { fix_command: 'my-tool list' })
      throw ctx.exit.OWN('own') },`,
  }),
  'dryRun of a mutating and of a destructive command': `
    ${command({ danger_level: `danger_level: 'mutating',`, execute: `async execute(_args, ctx) { const dry: boolean = ctx.dryRun; return { dry } },` })}
    ${command({ danger_level: `danger_level: 'destructive',`, execute: `async execute(_args, ctx) { const dry: boolean = ctx.dryRun; return { dry } },` })}`,
  'a question of an interactive command': command({
    more: `interactive: true,`,
    execute: `async execute(_args, ctx) { const name: string = await ctx.prompt('Name?', { suggestion: 'x' }); return { name } },`,
  }),
  'every type of a flag': command({
    flags: `flags: {
      text: { type: 'string', description: 'd' },
      text_required: { type: 'string', required: true, description: 'd' },
      text_default: { type: 'string', default: '', description: 'd' },
      kind: { type: 'enum', enum_values: ['a', 'b'], description: 'd' },
      kind_default: { type: 'enum', enum_values: ['a', 'b'], default: 'a', description: 'd' },
      level: { type: 'integer', enum_values: [1, 2], required: true, description: 'd' },
      ratio: { type: 'number', default: 0.5, description: 'd' },
      count: { type: 'integer', required: false, description: 'd' },
      all: { type: 'boolean', description: 'd' },
      tags: { type: 'array', description: 'd' },
      ports: { type: 'array', schema: { type: 'array', items: { type: 'integer' } }, description: 'd' },
      filter: {
        type: 'object',
        description: 'd',
        schema: { type: 'object', properties: { a: { type: 'string' }, b: { type: 'integer' } }, required: ['a'] },
      },
    },`,
    execute: `async execute(args) {
      exactly<typeof args, {
        readonly text: string | undefined
        readonly text_required: string
        readonly text_default: string
        readonly kind: 'a' | 'b' | undefined
        readonly kind_default: 'a' | 'b'
        readonly level: 1 | 2
        readonly ratio: number
        readonly count: number | undefined
        readonly all: boolean
        readonly tags: readonly string[]
        readonly ports: readonly number[]
        readonly filter: ({ readonly a: string } & { readonly b?: number }) | undefined
      }>(true)
      return {} },`,
  }),
  positionals: command({
    more: `positionals: [
      { name: 'source', type: 'string', required: true, description: 'd' },
      { name: 'kind', type: 'enum', enum_values: ['x', 'y'], description: 'd' },
      { name: 'sizes', type: 'integer', variadic: true, description: 'd' },
    ],`,
    execute: `async execute(args) {
      exactly<typeof args, {
        readonly source: string
        readonly kind: 'x' | 'y' | undefined
        readonly sizes: readonly number[]
      }>(true)
      return {} },`,
  }),
  'an answer as its schema says': command({
    output_schema: `output_schema: {
      type: 'object',
      properties: {
        id: { type: 'string' },
        size: { type: ['integer', 'null'] },
        state: { enum: ['live', 'ended'] },
        kind: { const: 'run' },
        tags: { type: 'array', items: { type: 'string' } },
        by_name: { type: 'object', additionalProperties: { type: 'integer' } },
        either: { oneOf: [{ type: 'string' }, { type: 'boolean' }] },
      },
      required: ['id', 'size', 'state', 'kind', 'tags'],
    },`,
    execute: `async execute() {
      return { id: 'x', size: null, state: 'live', kind: 'run', tags: ['a'], by_name: { a: 1 }, either: true } },`,
  }),
  'an effect among the declared ones': command({
    danger_level: `danger_level: 'mutating',`,
    output_schema: `output_schema: { type: 'object', properties: { effect: { enum: ['updated', 'noop'] } }, required: ['effect'] },`,
    execute: `async execute(_args, ctx) {
      if (ctx.dryRun) return { effect: 'noop' }
      return { effect: ctx.cwd === '/' ? 'updated' : 'noop', more: [1] } },`,
  }),
  'a check of the input': command({
    flags: `flags: { dir: { type: 'string', required: true, description: 'd' } },`,
    more: `validate(args, ctx) { return args.dir === ctx.cwd ? [{ param: 'dir', message: 'is here' }] : [] },`,
  }),
  'every command where a Command is asked for': `const all: readonly Command[] = [${command({ more: background })}]
    void all`,
}

const PREAMBLE = `import { type Command, defineCommand } from '${ROOT}framework/author.js'
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const exactly = <A, B>(same: Same<A, B>): void => void same
void exactly
export type Known = Command
`

let directory = ''
/** By file: the lines on which the compiler complains. */
let complaints: ReadonlyMap<string, readonly number[]> = new Map()
let output = ''

const sources = new Map(
  [...Object.values(ACCEPTED), ...Object.values(REFUSED)].map((text, index) => [
    text,
    { file: `case-${index}.ts`, source: PREAMBLE + text },
  ]),
)

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'author-types-'))
  await writeFile(join(directory, 'package.json'), '{"type":"module"}')
  await writeFile(
    join(directory, 'tsconfig.json'),
    JSON.stringify({
      extends: join(ROOT, 'tsconfig.json'),
      compilerOptions: { noEmit: true, rootDir: '/', typeRoots: [join(ROOT, 'node_modules/@types')] },
      include: ['*.ts'],
    }),
  )
  for (const { file, source } of sources.values()) await writeFile(join(directory, file), source)
  output = await new Promise(resolve => {
    const compiler = join(ROOT, 'node_modules/.bin/tsc')
    execFile(compiler, ['-p', directory, '--pretty', 'false'], { cwd: directory }, (_error, stdout) =>
      resolve(stdout),
    )
  })
  const found = new Map<string, number[]>()
  for (const [, file = '', line = ''] of output.matchAll(/^(\S+\.ts)\((\d+),\d+\): error /gm)) {
    found.set(file, [...(found.get(file) ?? []), Number(line)])
  }
  complaints = found
})

afterAll(() => rm(directory, { recursive: true, force: true }))

function complaintsOf(text: string): readonly number[] {
  return complaints.get(sources.get(text)?.file ?? '') ?? []
}

test('the compiler complains of nothing but the cases', () => {
  const files = new Set([...sources.values()].map(({ file }) => file))
  expect(
    [...complaints.keys()].filter(file => !files.has(file)),
    output,
  ).toEqual([])
})

describe('accepted', () => {
  test.each(Object.entries(ACCEPTED))('%s', (_, text) => {
    expect(complaintsOf(text), output).toEqual([])
  })
})

describe('refused, on the line where it stands', () => {
  test.each(Object.entries(REFUSED))('%s', (_, text) => {
    const lines = (sources.get(text)?.source ?? '').split('\n')
    const marked = lines.findIndex(line => line.includes(MARK)) + 1
    expect(marked).toBeGreaterThan(0)
    expect([...new Set(complaintsOf(text))], output).toEqual([marked])
  })
})

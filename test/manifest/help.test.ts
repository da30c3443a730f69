/** Help as people read it; the samples are the whole truth of how it looks. */
import { expect, test } from 'vitest'
import { renderHelp } from '../../manifest/help.js'
import { command, registry } from './registry.js'

const GLOBALS = `Global options:
      --format         How the answer is written; json off a terminal and in CI,
                       for people on one [json|jsonl|tsv|plain, env TOOL_FORMAT]
      --session        The session that runs belong to; a new one for each call
                       where it is left out [env TOOL_SESSION_ID]
      --timeout        Wall-clock limit of the call: 500ms, 60s, 2m, 1h; a bare
                       integer is seconds, 0 is no limit
      --quiet          Nothing on stderr
      --verbose        Log lines on stderr, also off a terminal
      --debug          Log and debug lines on stderr, secrets left out
      --cwd            The directory that relative paths start from
  -h, --help           Show help; nothing is run
  -V, --version        Show the version; nothing is run
      --schema         Show the contract of the command, or of all of them
      --print-schema   The same as --schema
      --output-schema  Show the JSON Schema of what the command answers`

function help(path: string | null, group = '', width = 0) {
  return renderHelp(registry(), { path, group, width })
}

test('the tool', async () => {
  expect(await help(null)).toBe(`tool <command> [options]

A tool for tests.

Commands:
  tool deploy <app> [files..]  Deploy a build.
  tool deploy rollback         Does deploy rollback.
  tool watch                   Does watch.
  tool session list            Does session list.
  tool session stop            Does session stop.

${GLOBALS}

tool <command> --help tells more of one; tool manifest tells all to a program.
`)
})

test('a group', async () => {
  const text = await help(null, 'session')
  expect(text).toMatch(/^tool session <command> \[options\]\n/)
  expect(text).toContain('tool session list')
  expect(text).not.toContain('deploy')
})

test('a command', async () => {
  expect(await help('deploy')).toBe(`tool deploy <app> [files..]

Deploy a build.

Positionals:
  app    The application
  files  Its files

Options:
  -t, --target   Where to [dev|prod, required]
      --count    How many [integer, default 3]
      --label    A label [array]
      --dry-run  Change nothing
      --nothing  No default
      --region   Which region [env TOOL_REGION]

${GLOBALS}

Examples:
  tool deploy --target dev web  To dev

Also called: ship
Danger level: destructive

Exit codes:
    0  SUCCESS: Deployed
    1  GENERAL_ERROR: The command failed and no narrower code fits
    2  ARG_ERROR: The call was refused before anything was done
    4  PRECONDITION: Something that the command needs is not there
    6  CONFLICT: Another deploy runs
   10  TIMEOUT: The time limit of the call was reached
   80  QUOTA: No quota left
  129  SIGHUP: Ended by SIGHUP
  130  SIGINT: Ended by SIGINT
  143  SIGTERM: Ended by SIGTERM
`)
})

test('what a command leaves running is said', async () => {
  expect(await help('watch')).toContain(
    'Leaves a background process, for at most 3600 s; ended by tool session stop',
  )
})

test('it fits the terminal, is the same without one whatever the environment says, and has no colour', async () => {
  const before = { ...process.env }
  try {
    const plain = await help('deploy')
    Object.assign(process.env, { COLUMNS: '40', LC_ALL: 'de_DE.UTF-8', FORCE_COLOR: '1' })
    expect(await help('deploy')).toBe(plain)
  } finally {
    process.env = before
  }
  const narrow = await help('deploy', '', 50)
  expect(
    Math.max(
      ...(narrow
        .split('Exit codes:')[0]
        ?.split('\n')
        .map(line => line.length) ?? []),
    ),
  ).toBeLessThanOrEqual(50)
  expect(narrow).not.toContain('\x1b')
})

test('two pages rendered in one process do not mix', async () => {
  const [first, second] = await Promise.all([help('deploy'), help('watch')])
  expect(first).toBe(await help('deploy'))
  expect(second).not.toContain('--target')
})

test('names that yargs would take for its own do no harm', async () => {
  const odd = registry([
    command({
      name: 'completion',
      flags: { _: { type: 'string', description: 'Odd' }, $0: { type: 'string', description: 'Odder' } },
    }),
    command({ name: 'constructor' }),
  ])
  expect(await renderHelp(odd, { path: null, group: '', width: 0 })).toContain('tool constructor')
  expect(await renderHelp(odd, { path: 'completion', group: '', width: 0 })).toContain('Does completion.')
})

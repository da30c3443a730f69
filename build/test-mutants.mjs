// Proves that the fault tests find defects: `npm run test:mutants [-- <part of a name>…]`. Each defect is put into a
// copy of the sources in a temporary directory, built, and attacked by the row that is there to find it. The copy
// without a defect must pass all those rows first.
import { execFileSync, spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { DEFECTS } from '../test/mutants/defects.mjs'

/** Beyond any row: it ends a hang, and counts as a failure of the runner, never as a find. */
const LIMIT_MS = 15 * 60_000

const root = resolve(import.meta.dirname, '..')
const asked = process.argv.slice(2)
const chosen = DEFECTS.filter(({ name }) => asked.length === 0 || asked.some(part => name.includes(part)))
if (chosen.length === 0) throw new Error(`no defect has one of these in its name: ${asked.join(', ')}`)
for (const defect of chosen) mutated(defect)

const copy = mkdtempSync(join(tmpdir(), 'chaperone-mutants-'))
process.exitCode = 1
try {
  copySources()
  build()
  const whole = attack(chosen, [])
  if (whole.failed.length > 0) throw new Error(`without any defect these fail:\n${whole.failed.join('\n')}`)
  report('none', 'passes', `${whole.passed} tests`, whole.seconds)
  const missed = chosen.filter(defect => !isFound(defect))
  console.log(`\n${chosen.length - missed.length} of ${chosen.length} defects found`)
  if (missed.length === 0) process.exitCode = 0
} finally {
  rmSync(copy, { recursive: true, force: true })
}

function isFound(defect) {
  const path = join(copy, defect.file)
  const source = readFileSync(path, 'utf8')
  writeFileSync(path, mutated(defect))
  try {
    build()
    const { failed, seconds } = attack([defect], ['--bail', '1'])
    report(defect.name, failed.length > 0 ? 'found' : 'NOT FOUND', failed[0] ?? `by ${defect.row}`, seconds)
    return failed.length > 0
  } finally {
    writeFileSync(path, source)
  }
}

/** @throws Error where the source is not any more what the defect was written for */
function mutated({ name, file, from, to }) {
  const [before, after, ...more] = readFileSync(join(root, file), 'utf8').split(from)
  if (after === undefined || more.length > 0)
    throw new Error(
      `'${name}': ${file} has its text ${more.length > 0 ? 'more than once' : 'no more'}:\n${from}`,
    )
  return `${before}${to}${after}`
}

/** What git knows and what it would take in: neither the build nor what a test has left. */
function copySources() {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
  for (const name of listed.split('\0').filter(name => name !== '' && existsSync(join(root, name)))) {
    mkdirSync(dirname(join(copy, name)), { recursive: true })
    copyFileSync(join(root, name), join(copy, name))
  }
  symlinkSync(realpathSync(join(root, 'node_modules')), join(copy, 'node_modules'))
}

function build() {
  execFileSync(process.execPath, ['build/build.mjs'], { cwd: copy, stdio: ['ignore', 'ignore', 'inherit'] })
}

/**
 * Runs the rows of some defects against the copy.
 * @throws Error where they could not be run: that says nothing of the defect
 */
function attack(defects, options) {
  const results = join(copy, 'results.json')
  rmSync(results, { force: true })
  const files = new Set(defects.map(({ row }) => `test/faults/${row}.test.ts`))
  const tests = defects.map(({ tests }) => `(?:${tests})`).join('|')
  const began = performance.now()
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [
      ...[
        'node_modules/vitest/vitest.mjs',
        'run',
        '--config',
        'vitest.faults.config.ts',
        '--reporter',
        'json',
      ],
      ...['--outputFile', results, '--testNamePattern', tests, ...options, ...files],
    ],
    {
      cwd: copy,
      env: { ...process.env, CHAPERONE_SKIP_BUILD: '1' },
      timeout: LIMIT_MS,
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    },
  )
  const told = existsSync(results) ? JSON.parse(readFileSync(results, 'utf8')) : null
  const ran = told?.testResults.flatMap(({ assertionResults }) => assertionResults) ?? []
  const named = status => ran.filter(test => test.status === status).map(({ fullName }) => fullName)
  const passed = named('passed').length
  const failed = named('failed')
  if (passed + failed.length === 0)
    throw new Error(`no test of ${[...files].join(', ')} ran with ${tests}:\n${stdout}${stderr}`)
  return { passed, failed, seconds: Math.round((performance.now() - began) / 1_000) }
}

function report(name, verdict, by, seconds) {
  console.log(`${name.padEnd(48)} ${verdict.padEnd(10)} ${String(seconds).padStart(4)} s  ${by}`)
}

/** Compiles the witness and the programs of the fault tests, once, and asks which tracking methods this machine gives. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Directory of the compiled programs and libraries, each by the name of its source. */
    programs: string
    /** Whether runs can be tracked completely here. */
    has_subreaper: boolean
  }
}

export default function setup(project: TestProject): () => void {
  const directory = mkdtempSync(join(tmpdir(), 'chaperone-faults-'))
  compile(
    join(directory, 'witness'),
    ['witness.c', 'processes.c', 'wire.c'].map(name => join('test/faults/witness', name)),
  )
  for (const name of readdirSync('test/faults/programs'))
    compile(join(directory, basename(name, '.c')), [join('test/faults/programs', name)])
  for (const name of readdirSync('test/faults/libraries'))
    compile(join(directory, `${basename(name, '.c')}.so`), [
      '-shared',
      '-fPIC',
      join('test/faults/libraries', name),
      '-ldl',
    ])
  project.provide('programs', directory)
  project.provide('has_subreaper', hasSubreaper(directory))
  return () => rmSync(directory, { recursive: true, force: true })
}

function compile(program: string, words: readonly string[]): void {
  execFileSync('cc', ['-O1', '-Wall', '-Wextra', '-Werror', '-pthread', '-o', program, ...words], {
    stdio: 'inherit',
  })
}

function hasSubreaper(directory: string): boolean {
  const state = join(directory, 'state')
  const { stdout } = spawnSync(process.execPath, ['dist/bin/chaperone.js', 'doctor', '--format', 'plain'], {
    env: { PATH: process.env['PATH'], CHAPERONE_STATE_DIR: state },
    encoding: 'utf8',
  })
  return /^tracking +true +subreaper/m.test(stdout)
}

/** A project that uses the packed tarball, made once for all end-to-end tests: nothing of the sources is reachable from it. */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Absolute path of the consumer project. */
    consumer: string
  }
}

export default function setup(project: TestProject): () => void {
  const directory = mkdtempSync(join(tmpdir(), 'chaperone-consumer-'))
  // Some tests use it as another user.
  chmodSync(directory, 0o755)
  // The build has run, and the tarball is the one that would be published.
  execFileSync(process.execPath, ['build/pack.mjs', directory], { stdio: ['ignore', 'pipe', 'pipe'] })
  const tarball = readdirSync(directory).find(name => name.endsWith('.tgz'))
  if (!tarball) throw new Error('npm pack made no tarball')
  writeFileSync(
    join(directory, 'package.json'),
    JSON.stringify({ name: 'consumer', private: true, type: 'module' }),
  )
  install(directory, `./${tarball}`)
  mkdirSync(join(directory, 'tools'))
  project.provide('consumer', directory)
  return () => rmSync(directory, { recursive: true, force: true })
}

/** Whoever installs it is to read no warning; those of the machine's own configuration are not of the package. */
function install(directory: string, tarball: string): void {
  const argv = ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel', 'warn', tarball]
  const { status, stdout, stderr, error } = spawnSync('npm', argv, { cwd: directory, encoding: 'utf8' })
  if (error) throw error
  const output = stdout + stderr
  const is_warned = output.split('\n').some(line => /npm warn (?!config |unknown \w+ config )/i.test(line))
  if (status !== 0 || is_warned) throw new Error(`npm install of the tarball, exit ${status}:\n${output}`)
}

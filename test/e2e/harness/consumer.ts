/** A project that uses the packed tarball, made once for all end-to-end tests: nothing of the sources is reachable from it. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
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
  const npm = (...args: string[]) =>
    execFileSync('npm', args, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] })
  // The build has run, and the tarball is the one that would be published.
  execFileSync(process.execPath, ['build/pack.mjs', directory], { stdio: ['ignore', 'pipe', 'pipe'] })
  const tarball = readdirSync(directory).find(name => name.endsWith('.tgz'))
  if (!tarball) throw new Error('npm pack made no tarball')
  writeFileSync(
    join(directory, 'package.json'),
    JSON.stringify({ name: 'consumer', private: true, type: 'module' }),
  )
  npm('install', '--no-audit', '--no-fund', '--prefer-offline', `./${tarball}`)
  mkdirSync(join(directory, 'tools'))
  project.provide('consumer', directory)
  return () => rmSync(directory, { recursive: true, force: true })
}

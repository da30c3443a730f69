/** What is shipped, and that it can be installed by strangers. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FRAMEWORK_VERSION } from '../manifest/framework-version.js'

interface LockedPackage {
  readonly version?: string
  readonly license?: string
  readonly dev?: boolean
  readonly hasInstallScript?: boolean
  readonly deprecated?: string
  readonly resolved?: string
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8'))
const locked: Readonly<Record<string, LockedPackage>> = JSON.parse(
  readFileSync('package-lock.json', 'utf8'),
).packages

test('the framework names the version of its package', () => {
  expect(FRAMEWORK_VERSION).toBe(manifest.version)
})

test('the lock file has an entry for every platform, so that npm ci works on each', () => {
  const missing = Object.entries(locked).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      name => !locked[`node_modules/${name}`] && !locked[`${path}/node_modules/${name}`],
    ),
  )
  expect(missing).toEqual([])
})

test('the lock file names no host', () => {
  expect(Object.values(locked).filter(({ resolved }) => resolved !== undefined)).toEqual([])
})

const runtime = Object.entries(locked).filter(([path, { dev }]) => path !== '' && dev !== true)

test('every runtime dependency may be used in an MIT project', () => {
  expect(runtime.length).toBeGreaterThan(3)
  for (const [path, { license }] of runtime)
    expect(license, path).toMatch(/^(MIT|ISC|BSD-[23]-Clause|Apache-2\.0|0BSD|BlueOak-1\.0\.0)$/)
})

test('no runtime dependency runs a script when it is installed, or is deprecated', () => {
  for (const [path, { hasInstallScript, deprecated }] of runtime)
    expect({ hasInstallScript, deprecated }, path).toEqual({})
})

test('the tarball holds the build, no sources, no tests, and no script that npm would warn of', () => {
  const directory = mkdtempSync(join(tmpdir(), 'chaperone-tarball-'))
  try {
    execFileSync(process.execPath, ['build/pack.mjs', directory], { stdio: 'ignore' })
    execFileSync('tar', ['-xzf', `chaperone-${manifest.version}.tgz`], { cwd: directory })
    const root = join(directory, 'package')
    const paths = readdirSync(root, { recursive: true, encoding: 'utf8' })
    expect(paths).toContain('dist/bin/chaperone.js')
    expect(paths).toContain('dist/framework/shim/shim.js')
    expect(paths).toContain('dist/bin/chaperone.manifest.js')
    // What is bundled into it comes with its licences.
    const licenses = readFileSync(join(root, 'dist/LICENSES.txt'), 'utf8')
    for (const bundled of ['graceful-fs', 'proper-lockfile', 'retry', 'signal-exit'])
      expect(licenses).toMatch(new RegExp(`^${bundled} \\d+\\.\\d+\\.\\d+$`, 'm'))
    expect(paths.filter(path => /^(test|build|bin|framework|commands|manifest)(\/|$)/.test(path))).toEqual([])
    const shipped = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    expect(Object.keys(shipped)).not.toContain('scripts')
    expect(Object.keys(shipped)).not.toContain('devDependencies')
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})

// Builds dist/: the library as scripts and modules, the bin, the shim and the watcher, the licences of what is in them,
// the declarations, and the reference tool's compiled manifest.
import { spawnSync } from 'node:child_process'
import { chmodSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { bundleLibrary, bundleShim } from './cold-bundle.mjs'
import { writeLicenses } from './licenses.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

const shared = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  legalComments: 'none',
  logLevel: 'warning',
}

rmSync(join(root, 'dist'), { recursive: true, force: true })

// Every module of dist lies exactly one level below it, so that any of them finds the shim by one relative path.
const library = await bundleLibrary(
  { ...shared, packages: 'external' },
  // What authors import, by three names: one module at run time, so that loading it costs one file.
  ['framework/index.ts', 'framework/author.ts', 'framework/testing.ts'],
  ['framework/runtimes/start-refused.ts'],
  'bin/chaperone.ts',
)

// Whole in themselves: they go on working while the package is upgraded or removed under a running process.
const shim = await bundleShim(shared)
await build({
  ...shared,
  entryPoints: ['commands/reference/directory-watcher/program.ts'],
  outfile: 'dist/commands/directory-watcher.js',
})

await writeLicenses([...library, ...shim], join(root, 'dist/LICENSES.txt'))
chmodSync(join(root, 'dist/bin/chaperone.js'), 0o755)
node('dist/bin/chaperone.js', 'manifest', '--write')
// The first usual call leaves its compiled code for all later ones; most of them have options.
node('dist/bin/chaperone.js', 'version', '--timeout', '60s', '--format', 'json')
node('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json')

function node(script, ...args) {
  // What it prints is told only where it failed: tsc on stdout, our tool in its envelope.
  const { status, stdout } = spawnSync(process.execPath, [join(root, script), ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  })
  if (status === 0) return
  console.error(stdout)
  process.exit(1)
}

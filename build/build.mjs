// Builds dist/: the library and the bin as ESM with shared chunks, the shim and the watcher as one file each,
// the declarations, and the reference tool's compiled manifest.
import { execFileSync } from 'node:child_process'
import { chmodSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

const shared = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  legalComments: 'none',
  logLevel: 'warning',
  // proper-lockfile and its dependencies are CommonJS and ask for Node's modules by require.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
}

rmSync(join(root, 'dist'), { recursive: true, force: true })

// Every module of dist lies exactly one level below it, so that any of them finds the shim by one relative path.
await build({
  ...shared,
  banner: {},
  entryPoints: {
    'bin/chaperone': 'bin/chaperone.ts',
    'framework/index': 'framework/index.ts',
    'framework/author': 'framework/author.ts',
    'framework/testing': 'framework/testing.ts',
  },
  packages: 'external',
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  outdir: 'dist',
})

// Single files: they go on working while the package is upgraded or removed under a running process.
await build({ ...shared, entryPoints: ['framework/shim/shim.ts'], outfile: 'dist/framework/shim/shim.js' })
await build({
  ...shared,
  banner: {},
  entryPoints: ['commands/reference/directory-watcher/program.ts'],
  outfile: 'dist/commands/directory-watcher.js',
})

execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
})
chmodSync(join(root, 'dist/bin/chaperone.js'), 0o755)
execFileSync(process.execPath, [join(root, 'dist/bin/chaperone.js'), 'manifest', '--write'], {
  cwd: root,
  stdio: ['ignore', 'ignore', 'inherit'],
})

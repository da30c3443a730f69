// Bundles the benchmark and runs it: `npm run bench [-- <rounds>]`.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'

const directory = mkdtempSync(join(tmpdir(), 'chaperone-bench-build-'))
const outfile = join(directory, 'bench.mjs')
await build({
  entryPoints: ['test/bench/main.ts'],
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  outfile,
})
const { status } = spawnSync(process.execPath, [outfile, ...process.argv.slice(2)], { stdio: 'inherit' })
rmSync(directory, { recursive: true, force: true })
process.exitCode = status ?? 1

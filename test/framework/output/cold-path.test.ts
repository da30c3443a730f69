/** A call that answers in JSON loads nothing that is heavy: the static imports of its path are followed. */
import { resolve } from 'node:path'
import { build } from 'esbuild'
import { expect, test } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../../..')

const COLD_PATH = [
  'framework/argv/parse.ts',
  'framework/argv/resolve.ts',
  'framework/contract/global-flags.ts',
  'framework/output/envelope.ts',
  'framework/output/render.ts',
]

test('only node:path and our own small files stand on the way', async () => {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: COLD_PATH,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    outdir: 'unused',
    write: false,
    metafile: true,
  })
  const loaded = new Set<string>()
  const queue = [...COLD_PATH]
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (loaded.has(path)) continue
    loaded.add(path)
    for (const { kind, path: imported } of metafile.inputs[path]?.imports ?? [])
      if (kind === 'import-statement') queue.push(imported)
  }
  const foreign = [...loaded].filter(path => !path.startsWith('framework/'))
  expect(foreign).toEqual(['node:path'])
  expect([...loaded].filter(path => /human|tsv|jsonl|table|layout/.test(path))).toEqual([])
})

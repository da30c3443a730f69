// The library as one cold file and lazy ones. Every call needs the cold part, and each further file costs the better
// part of a millisecond at every start; what only some calls need is loaded by them. Two builds, because esbuild's
// splitting alone makes a chunk of every set of modules that two lazy parts happen to share.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, resolve, sep } from 'node:path'
import { build } from 'esbuild'

/** The cold file below dist; all others lie one level below dist too, so one relative path finds it. */
const COLD = 'framework/library'

/**
 * Bundles the library and the programs upon it.
 * @param shared esbuild options of all parts
 * @param sources what the cold file is made of, with everything that they import statically
 * @param programs source file by output path; they import the cold file
 */
export async function bundleLibrary(shared, sources, programs) {
  const lazy = new Map()
  const options = {
    ...shared,
    bundle: true,
    plugins: [leaveDynamic(lazy), builtinsAsObjects],
    metafile: true,
  }
  const probe = await build({ ...options, entryPoints: sources, write: false, outdir: 'unused' })
  const library = Object.keys(probe.metafile.inputs)
  const cold = await build({
    ...options,
    stdin: {
      contents: library.map(path => `export * from './${path}'`).join('\n'),
      resolveDir: process.cwd(),
    },
    // Half of it is comments and indentation, which every start would read.
    minifyWhitespace: true,
    outfile: `dist/${COLD}.js`,
  })
  // The programs' own dynamic imports are lazy files too.
  await build({ ...options, entryPoints: Object.values(programs), write: false, outdir: 'unused' })
  const entries = Object.fromEntries([...lazy].map(([source, name]) => [`lazy/${name}`, source]))
  const rest = await build({
    ...shared,
    bundle: true,
    splitting: true,
    entryPoints: { ...programs, ...entries },
    chunkNames: 'chunks/[name]-[hash]',
    outdir: 'dist',
    plugins: [takeFromCold(new Set(library.map(path => resolve(path)))), builtinsAsObjects],
    write: false,
  })
  verifyNames(cold, rest.outputFiles)
  for (const { path, contents } of rest.outputFiles) {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, contents)
  }
}

/**
 * Node's modules as plain objects: importing `node:fs` by name reads all its exports, and one of them is a getter that
 * loads every stream class, 3.5 ms at each start (measured on Node 20).
 */
export const builtinsAsObjects = {
  name: 'builtins-as-objects',
  setup(builder) {
    builder.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8')
      const contents = source.replace(/^import \{([^}]*)\} from '(node:[^']+)'/gm, (_, names, module) => {
        const values = names
          .split(',')
          .map(name => name.trim())
          .filter(name => name && !name.startsWith('type '))
        const members = values.map(name => name.replace(/ as /, ': ')).join(', ')
        return `const { ${members} } = process.getBuiltinModule('${module}')`
      })
      return { contents, loader: 'ts' }
    })
  },
}

/** Leaves dynamic imports of our own modules as imports of their lazy files, and collects these. */
function leaveDynamic(lazy) {
  return {
    name: 'leave-dynamic',
    setup(builder) {
      builder.onResolve({ filter: /^\./ }, ({ kind, resolveDir, path }) => {
        if (kind !== 'dynamic-import') return undefined
        const source = sourceOf(resolveDir, path)
        const name = source.slice(process.cwd().length + 1, -'.ts'.length).replaceAll(sep, '.')
        lazy.set(source, name)
        return { path: `../lazy/${name}.js`, external: true }
      })
    },
  }
}

/** Whatever the cold file has is imported from it, so that every module exists once. */
function takeFromCold(library) {
  return {
    name: 'take-from-cold',
    setup(builder) {
      builder.onResolve({ filter: /^\./ }, ({ kind, resolveDir, path }) => {
        const is_cold = kind !== 'entry-point' && library.has(sourceOf(resolveDir, path))
        return is_cold ? { path: `../${COLD}.js`, external: true } : undefined
      })
    },
  }
}

const sourceOf = (directory, path) => resolve(directory, path).replace(/\.js$/, '.ts')

/** Two cold modules that export one name would silently take it from each other: then it is nowhere. */
function verifyNames(cold, files) {
  const [output] = Object.values(cold.metafile.outputs)
  const exported = new Set(output.exports)
  for (const { path, text } of files) {
    for (const [, names] of text.matchAll(/import\s*\{([^}]*)\}\s*from\s*"\.\.\/framework\/library\.js"/g)) {
      for (const name of names.split(',').map(part => part.trim().split(/\s+as\s+/)[0])) {
        if (name && !exported.has(name))
          throw new Error(`${path} needs ${name} of the cold part; two modules export that name`)
      }
    }
  }
}

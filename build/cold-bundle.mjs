// The library as one cold script and lazy files. Every call needs the cold part, and each further file costs the better
// part of a millisecond at every start; what only some calls need is loaded by them. Two builds, because esbuild's
// splitting alone makes a chunk of every set of modules that two lazy parts happen to share.
import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, resolve, sep } from 'node:path'
import { build } from 'esbuild'

/** The cold part below dist; all others lie one level below dist too, so one relative path finds it. */
const COLD = 'framework/library'
/** What loads it. */
const LOADER = 'framework/compiled-code/load-script.ts'
/**
 * Lazy parts in one file each, whatever they share with others: on the path of `run`, which is measured, a dozen
 * chunks cost as much as the program. No module of theirs keeps anything that a second copy would miss.
 */
const WHOLE = new Set(['framework.invocation.foreground-capability'])

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
    write: false,
    outfile: `dist/${COLD}.js`,
  })
  // The programs' own dynamic imports are lazy files too.
  await build({ ...options, entryPoints: Object.values(programs), write: false, outdir: 'unused' })
  const entriesOf = wanted =>
    Object.fromEntries(
      [...lazy].filter(([, name]) => wanted(name)).map(([source, name]) => [`lazy/${name}`, source]),
    )
  const fromCold = takeFromCold(new Set(library.map(path => resolve(path))))
  const parts = { ...shared, bundle: true, outdir: 'dist', write: false }
  const split = await build({
    ...parts,
    splitting: true,
    entryPoints: { ...programs, ...entriesOf(name => !WHOLE.has(name)) },
    chunkNames: 'chunks/[name]-[hash]',
    plugins: [fromCold, builtinsAsObjects],
  })
  const whole = await build({
    ...parts,
    entryPoints: entriesOf(name => WHOLE.has(name)),
    plugins: [leaveDynamic(lazy), fromCold, builtinsAsObjects],
    minifyWhitespace: true,
  })
  const rest = [...split.outputFiles, ...whole.outputFiles]
  const needed = new Set([...namesTaken(cold, rest), ...publicNames(probe)])
  await writeCold(cold.outputFiles[0].text, needed, options)
  for (const { path, contents } of rest) {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, contents)
  }
}

/** Modules of functions that few calls need; loading this one takes half a millisecond. */
const CALLED_RARELY = new Set(['node:os'])

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
        if (CALLED_RARELY.has(module)) {
          const call = name => `(...given) => process.getBuiltinModule('${module}').${name}(...given)`
          return values.map(name => `const ${name} = ${call(name)}`).join('; ')
        }
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

/** The names that the other files take from the cold part. */
function namesTaken(cold, files) {
  const [output] = Object.values(cold.metafile.outputs)
  const exported = new Set(output.exports)
  const taken = []
  for (const { path, text } of files) {
    for (const [, names] of text.matchAll(/import\s*\{([^}]*)\}\s*from\s*"\.\.\/framework\/library\.js"/g)) {
      for (const name of names.split(',').map(part => part.trim().split(/\s+as\s+/)[0])) {
        if (name === '') continue
        // Two cold modules that export one name would silently take it from each other: then it is nowhere.
        if (!exported.has(name))
          throw new Error(`${path} needs ${name} of the cold part; two modules export that name`)
        taken.push(name)
      }
    }
  }
  return taken
}

/** Of a lazy file, or of a path that a variable holds; never one that only stands in a text. */
const OWN_IMPORT = /\bimport\((?="\.\.\/lazy\/|[\w$.]+\))/g

const publicNames = probe => Object.values(probe.metafile.outputs).flatMap(({ exports }) => exports)

/**
 * The cold part as a script, for of a script V8 can keep what it compiled, and the module that everybody imports, which
 * loads it. A module is strict and has its own `import`; the script gets both said.
 */
async function writeCold(text, needed, options) {
  const clause = /export\{([^{}]*)\};\s*$/.exec(text)
  const body = clause && text.slice(0, clause.index)
  if (!body || /\bimport\s*[{*"']|\bimport\.meta\b/.test(body))
    throw new Error('the cold part is no plain module')
  const members = clause[1].split(',').map(part => part.trim().split(/\s+as\s+/))
  const returned = members
    .map(([local, exported = local]) => ({ local, exported }))
    .filter(({ exported }) => needed.has(exported))
    .map(({ local, exported }) => `${exported}:${local}`)
  const script = `(function(__load){"use strict";${body.replace(OWN_IMPORT, '__load(')}return{${returned.join(',')}}})`
  const digest = createHash('sha256').update(script).digest('hex').slice(0, 12)
  await mkdir(dirname(`dist/${COLD}`), { recursive: true })
  await writeFile(`dist/${COLD}.script.js`, script)
  const names = returned.map(member => member.split(':')[0])
  await build({
    ...options,
    stdin: {
      contents: `import { loadScript } from './${LOADER}'
export const { ${names.join(', ')} } = loadScript(new URL('./library.script.js', import.meta.url), '${digest}', path => import(path))`,
      resolveDir: process.cwd(),
    },
    plugins: [builtinsAsObjects],
    minifyWhitespace: true,
    outfile: `dist/${COLD}.js`,
  })
}

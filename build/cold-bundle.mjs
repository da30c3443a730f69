// The library as one cold part and lazy files, and the tool upon it. Every call needs the cold part, and each further
// file costs the better part of a millisecond at every start; what only some calls need is loaded by them. Two builds,
// because esbuild's splitting alone makes a chunk of every set of modules that two lazy parts happen to share.
import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, resolve, sep } from 'node:path'
import { build } from 'esbuild'

/** The cold part below dist; all others lie one level below dist too, so one relative path finds it. */
const COLD = 'framework/library'
/** The tool. */
const BIN = 'bin/chaperone'
/** What loads scripts. */
const LOADER = 'framework/compiled-code/load-script.ts'
const LIBRARY_LOADER = 'framework/compiled-code/load-parts.ts'
/**
 * Lazy parts that are whole in themselves, whatever they share with others, proper-lockfile included: on the path of
 * `run` and of a start forty files cost as much as the program. Such a part has classes of its own, so what it catches of
 * another part is of a class that the cold part has.
 */
const WHOLE = new Set([
  'commands.builtin.session-stop',
  'commands.builtin.stop',
  'framework.invocation.background-capability',
  'framework.invocation.foreground-capability',
  'commands.reference.run',
  'commands.reference.start',
])

/**
 * Bundles the library and the program upon it.
 * @param shared esbuild options of all parts
 * @param sources what the cold file is made of, with everything that they import statically
 * @param classes modules that must exist once, in the cold part, although it does not need them
 * @param program source of the tool upon it, which exports `main`
 * @returns the paths of all files that were bundled
 */
export async function bundleLibrary(shared, sources, classes, program) {
  const lazy = new Map()
  const options = {
    ...shared,
    bundle: true,
    plugins: [leaveDynamic(lazy), builtinsAsObjects],
    metafile: true,
  }
  const entryPoints = [...sources, ...classes]
  const probe = await build({ ...options, entryPoints, write: false, outdir: 'unused' })
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
  // The program's own dynamic imports are lazy files too.
  await build({ ...options, entryPoints: [program], write: false, outdir: 'unused' })
  const entriesOf = wanted =>
    Object.fromEntries(
      [...lazy].filter(([, name]) => wanted(name)).map(([source, name]) => [`lazy/${name}`, source]),
    )
  const fromCold = takeFromCold(new Set(library.map(path => resolve(path))))
  const parts = { ...shared, bundle: true, outdir: 'dist', write: false, metafile: true }
  const whole = await build({
    ...parts,
    packages: 'bundle',
    entryPoints: { [BIN]: program, ...entriesOf(name => WHOLE.has(name)) },
    plugins: [leaveDynamic(lazy), fromCold, builtinsAsObjects],
    minifyWhitespace: true,
  })
  const split = await build({
    ...parts,
    splitting: true,
    entryPoints: entriesOf(name => !WHOLE.has(name)),
    chunkNames: 'chunks/[name]-[hash]',
    plugins: [fromCold, builtinsAsObjects],
  })
  const rest = [...split.outputFiles, ...whole.outputFiles]
  const needed = new Set([...namesTaken(cold, rest), ...publicNames(probe)])
  const digests = {}
  let bin = ''
  for (const { path, text, contents } of rest) {
    const name = basename(path, '.js')
    if (WHOLE.has(name)) digests[`../lazy/${name}.js`] = await writeScript(path, scriptOf(text))
    else if (path.endsWith(`${BIN}.js`)) bin = scriptOf(text).script
    else await write(path, contents)
  }
  const library_script = scriptOf(cold.outputFiles[0].text, name => needed.has(name))
  digests['./library.js'] = await writeScript(`dist/${COLD}.js`, library_script)
  await writeLibrary(library_script.names, digests, options)
  await writeBin(bin, digests, options)
  return [cold, whole, split].flatMap(({ metafile }) => Object.keys(metafile.inputs))
}

/**
 * Modules of functions that few calls need: loading the one takes half a millisecond, the other, with all its streams
 * and sockets, 5 ms.
 */
const CALLED_RARELY = new Set(['node:os', 'node:child_process'])

/**
 * Node's modules as plain objects: importing `node:fs` by name reads all its exports, and one of them is a getter that
 * loads every stream class, 3.5 ms at each start (measured on Node 20).
 */
const builtinsAsObjects = {
  name: 'builtins-as-objects',
  setup(builder) {
    builder.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8')
      const contents = source.replace(/^import \{([^}]*)\} from '(node:[^']+)'/gm, (_, names, module) => {
        const values = names
          .split(',')
          .map(name => name.trim())
          .filter(name => name && !name.startsWith('type '))
        if (CALLED_RARELY.has(module) && !values.includes('constants')) {
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

/** As esbuild writes it: of a double-quoted name, or of what a variable holds. In a text it has single quotes. */
const OWN_IMPORT = /\bimport\((?=["\w$])/g

const publicNames = probe => Object.values(probe.metafile.outputs).flatMap(({ exports }) => exports)

/**
 * A module as a script, for of a script V8 can keep what it compiled. A module is strict and has its own `import`, its
 * address and what it imports of the cold part; the script gets all that said.
 * @param isWanted which of its exports somebody needs
 * @returns the script, what it returns by name, and its digest
 */
function scriptOf(text, isWanted = () => true) {
  const clause = /export\{([^{}]*)\};\s*$/.exec(text)
  const taken = []
  const body = text
    .slice(0, clause?.index)
    .replace(/\bimport\{([^}]*)\}from"\.\.\/framework\/library\.js";/g, (_, names) => {
      taken.push(...names.split(',').map(name => name.replace(/ as /, ':')))
      return ''
    })
    .replace(OWN_IMPORT, '__load(')
    .replace(/([(,])import\.meta\.url\)/g, '$1__url)')
  if (!clause || /\bimport\s*[{*"'\w]|\bimport\.meta\b/.test(body))
    throw new Error('a part is no plain module')
  const exports = clause[1]
    .split(',')
    .map(part => part.trim().split(/\s+as\s+/))
    .map(([local, exported = local]) => ({ local, exported }))
    .filter(({ exported }) => isWanted(exported))
  const head = `${taken.length > 0 ? `const{${taken.join(',')}}=__cold;` : ''}${
    body.includes('require') ? 'const require=process.getBuiltinModule;' : ''
  }`
  const tail = `return{${exports.map(({ local, exported }) => `${exported}:${local}`).join(',')}}`
  const script = `(function(__load,__url,__cold){"use strict";${head}${body}${tail}})`
  const digest = digestOf(script)
  return { script, digest, names: exports.map(({ exported }) => exported).join(', ') }
}

/**
 * The shim: a script too, for it is started with every background run. What loads it is CommonJS, which Node starts
 * some milliseconds sooner; proper-lockfile within asks for Node's modules by `require`.
 * @returns the paths of all files that were bundled
 */
export async function bundleShim(shared) {
  const directory = 'dist/framework/shim'
  const options = { ...shared, bundle: true, plugins: [builtinsAsObjects], format: 'cjs' }
  const { outputFiles, metafile } = await build({
    ...options,
    metafile: true,
    entryPoints: ['framework/shim/shim.ts'],
    define: { 'import.meta.url': '__url' },
    minifyWhitespace: true,
    write: false,
  })
  const script = `(function(__load,__url,__given){"use strict";const{require}=__given;${outputFiles[0].text}})`
  const digest = digestOf(script)
  await mkdir(directory, { recursive: true })
  await writeFile(`${directory}/shim.script.js`, script)
  await writeFile(`${directory}/package.json`, '{"type":"commonjs"}\n')
  await build({
    ...options,
    stdin: {
      contents: `import { pathToFileURL } from 'node:url'
import { loadScript } from './${LOADER}'
loadScript('./shim.script.js', pathToFileURL(__filename).href, '${digest}', path => import(path), { require })`,
      resolveDir: process.cwd(),
    },
    outfile: `${directory}/shim.js`,
  })
  return Object.keys(metafile.inputs)
}

const digestOf = script => createHash('sha256').update(script).digest('hex').slice(0, 12)

/** The module that everybody imports, which loads the cold part. */
async function writeLibrary(names, digests, options) {
  await build({
    ...options,
    stdin: {
      contents: `import { loadParts } from './${LIBRARY_LOADER}'
export const { ${names} } = loadParts(import.meta.url, ${JSON.stringify(digests)}, path => import(path)).library`,
      resolveDir: process.cwd(),
    },
    plugins: [builtinsAsObjects],
    minifyWhitespace: true,
    outfile: `dist/${COLD}.js`,
  })
}

/**
 * The tool: CommonJS, for Node starts that without its loader of modules, 8 ms sooner (measured on Node 20), and loads
 * the cold part without the module that stands for it.
 */
async function writeBin(script, digests, options) {
  await mkdir(dirname(`dist/${BIN}`), { recursive: true })
  await writeFile(`dist/${dirname(BIN)}/package.json`, '{"type":"commonjs"}\n')
  await build({
    ...options,
    format: 'cjs',
    banner: { js: '#!/usr/bin/env node' },
    stdin: {
      contents: `import { pathToFileURL } from 'node:url'
import { loadParts } from './${LIBRARY_LOADER}'
const url = pathToFileURL(__filename).href
const { library, load } =
  loadParts(new URL('../${COLD}.js', url).href, ${JSON.stringify(digests)}, path => import(path))
const tool = ${script}
tool(load, url, library).main()`,
      resolveDir: process.cwd(),
    },
    plugins: [builtinsAsObjects],
    minifyWhitespace: true,
    outfile: `dist/${BIN}.js`,
  })
}

/** @returns its digest */
async function writeScript(path, { script, digest }) {
  await write(path.replace(/\.js$/, '.script.js'), script)
  return digest
}

async function write(path, contents) {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, contents)
}

// Makes the tarball that is published: `npm run tarball [-- <directory>]`. Packed from a copy whose package.json has
// no scripts and no development dependencies: npm warns every user of a package that has a `prepare` script.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const [destination = root] = process.argv.slice(2).map(path => resolve(path))
const stage = mkdtempSync(join(tmpdir(), 'chaperone-pack-'))
try {
  const { scripts, devDependencies, allowScripts, ...shipped } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  )
  const paths = shipped.files.filter(path => !path.startsWith('!')).map(path => path.split('/')[0])
  for (const name of [...paths, 'README.md', 'LICENSE'])
    cpSync(join(root, name), join(stage, name), { recursive: true })
  writeFileSync(join(stage, 'package.json'), `${JSON.stringify(shipped, null, 2)}\n`)
  execFileSync('npm', ['pack', '--pack-destination', destination], {
    cwd: stage,
    stdio: ['ignore', 'inherit', 'pipe'],
  })
} finally {
  rmSync(stage, { recursive: true, force: true })
}

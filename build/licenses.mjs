// The licences of what is bundled into dist: each asks that its text goes with every copy.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * @param inputs paths of all bundled files, relative to the working directory
 * @param path where the texts go
 * @throws Error for a package that has none
 */
export async function writeLicenses(inputs, path) {
  const packages = new Set(inputs.map(packageOf).filter(directory => directory !== null))
  const texts = await Promise.all([...packages].sort().map(textOf))
  await writeFile(path, texts.join('\n\n'))
}

function packageOf(input) {
  const found = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input)
  return found ? found[0] : null
}

async function textOf(directory) {
  const file = (await readdir(directory)).find(name => /^licen[cs]e/i.test(name))
  if (!file) throw new Error(`${directory} has no licence`)
  const { name, version } = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'))
  return `${name} ${version}\n\n${(await readFile(join(directory, file), 'utf8')).trim()}\n`
}

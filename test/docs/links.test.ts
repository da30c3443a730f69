/** Links within the repository lead somewhere, and every script that a page tells to run is there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync('docs').map(name => join('docs', name)),
]

/** What GitHub makes of a heading: lower case, no punctuation, hyphens for blanks. */
const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-')

const anchorsOf = (path: string): string[] =>
  [...readFileSync(path, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchor(heading))

test.each(PAGES)('every link of %s leads to a file, and to a heading of it', page => {
  const targets = [...readFileSync(page, 'utf8').matchAll(/\]\(([^)\s]+)\)/g)].map(
    ([, target = '']) => target,
  )
  for (const target of targets.filter(text => !/^https?:/.test(text))) {
    const [path = '', heading] = target.split('#')
    const file = path === '' ? page : join(dirname(page), path)
    expect(existsSync(file), `${page}: ${target}`).toBe(true)
    if (heading !== undefined) expect(anchorsOf(file), `${page}: ${target}`).toContain(heading)
  }
})

test.each(PAGES)('every npm script that %s names is there', page => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'))
  const named = [...readFileSync(page, 'utf8').matchAll(/npm run ([a-z:]+)/g)].map(([, name = '']) => name)
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named))
})

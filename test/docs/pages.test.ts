/** Every code block of every page is done as a reader would do it, and leaves nothing running. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { IS_FORCED } from '../e2e/harness/tracking-method.js'
import { type Block, blocksOf } from './markdown.js'
import { Page } from './page.js'

/** Blocks that are not executed, by page and mark, and why. */
const NOT_EXECUTED: Readonly<Record<string, string>> = {
  'README.md quick-start:run': 'needs a clone without dependencies; quick-start.test.ts takes it apart',
  'README.md quick-start:test': 'would run this test within itself; quick-start.test.ts takes it apart',
}

/** They show answers in which `subreaper` is told, or what it alone gives. */
const SHOW_SUBREAPER = ['docs/guarantees.md', 'docs/run-tracking.md']

const pages = ['README.md', ...readdirSync('docs').map(name => join('docs', name))].filter(name =>
  name.endsWith('.md'),
)
const blocks = new Map(pages.map(name => [name, blocksOf(readFileSync(name, 'utf8'))]))
const keyOf = (page: string, { mark }: Block): string => `${page} ${mark}`

for (const name of pages) {
  const is_skipped = IS_FORCED && SHOW_SUBREAPER.includes(name)
  const why = is_skipped ? ' (it shows what subreaper gives)' : ''
  test.skipIf(is_skipped)(
    `every block of ${name} does what the page says, and no process is left${why}`,
    async () => {
      const page = new Page(name, name === 'README.md' ? 'bare' : 'project')
      for (const block of blocks.get(name) ?? []) {
        if (!Object.hasOwn(NOT_EXECUTED, keyOf(name, block))) await page.read(block)
      }
      await page.sandbox.nothingLeft()
    },
  )
}

test('what is said not to be executed is there', () => {
  const keys = [...blocks].flatMap(([page, found]) => found.map(block => keyOf(page, block)))
  for (const key of Object.keys(NOT_EXECUTED)) expect(keys).toContain(key)
})

/** The table of contents lists what the folder holds: a rule that nobody lists would accept everything. */
import { readdirSync } from 'node:fs'
import { basename } from 'node:path'
import { expect, test } from 'vitest'
import {
  PARSING_RULES,
  RULES,
  TOOL_RULES,
  WARNING_RULES,
} from '../../../../framework/contract/rules/index.js'

const files = readdirSync('framework/contract/rules')
  .map(file => basename(file, '.ts'))
  .filter(file => file !== 'index')
const listed: readonly unknown[] = [...TOOL_RULES, ...RULES, ...PARSING_RULES, ...WARNING_RULES]

test.each(files)('%s.ts has the rule of its name, which is listed once', async file => {
  const module: Readonly<Record<string, unknown>> = await import(
    `../../../../framework/contract/rules/${file}.ts`
  )
  const rule = module[file.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())]
  expect(rule).toBeTypeOf('function')
  expect(listed.filter(one => one === rule)).toHaveLength(1)
})

test('no rule is listed that has no file of its own', () => {
  expect(listed).toHaveLength(files.length)
})

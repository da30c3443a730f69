/** What holds the pages must itself be able to say no. */
import { describe, expect, test } from 'vitest'
import { blocksOf, tableColumn } from './markdown.js'
import { jsonDifference, textMatches } from './printed.js'

describe('blocks of a page', () => {
  const page = [
    '# A',
    '<!-- printed -->',
    '```json',
    '{}',
    '```',
    '',
    '- x',
    '  ```sh',
    '  true',
    '  ```',
  ].join('\n')

  test('have their language, content, line and mark', () => {
    expect(blocksOf(page)).toEqual([
      { language: 'json', content: '{}\n', line: 3, mark: 'printed', file: null },
      { language: 'sh', content: 'true\n', line: 8, mark: '', file: null },
    ])
  })

  test('name a file by a comment on their first line', () => {
    const [block] = blocksOf('```js\n// commands/add.js\nexport {}\n```')
    expect(block?.file).toBe('commands/add.js')
  })

  test('must end', () => {
    expect(() => blocksOf('```sh\ntrue')).toThrow('no end')
  })
})

test('a column of a table is found by its heading, in every table that has it', () => {
  const page =
    '| code | x |\n|---|---|\n| `A` | 1 |\n| `B` | 2 |\n\ntext\n\n| other | |\n|---|---|\n| `C` | |\n'
  expect(tableColumn(page, 'code')).toEqual(['A', 'B'])
})

describe('shown against printed JSON', () => {
  test.each([
    [{ a: 1 }, { a: 2 }, 'it.a is 2'],
    [{ a: 1 }, {}, 'it has no a'],
    [{ a: 1 }, { a: 1, b: 2 }, 'it also has b'],
    [[1], [1, 2], 'it has 2 items, the page shows 1'],
    [{ a: ['x'] }, { a: ['y'] }, 'it.a[0] is "y"'],
    [{ a: null }, { a: 'x' }, 'it.a is "x"'],
    [{ a: 'x' }, { a: ['x'] }, 'it.a is ["x"]'],
    [{ a: 'start …' }, { a: 'stop x' }, 'it.a is "stop x"'],
    [{ a: '1', '…': '…' }, { b: 2 }, 'it has no a'],
    [{ max_lifetime_seconds: 60 }, { max_lifetime_seconds: 61 }, 'it.max_lifetime_seconds is 61'],
  ])('%j is not %j', (shown, printed, difference) => {
    expect(jsonDifference(shown, printed)).toBe(difference)
  })

  test.each([
    [
      { pid: 1, waited_ms: 2 },
      { pid: 3, waited_ms: 4 },
    ],
    [{ a: 'run 3f2a9c41d07e' }, { a: 'run 9b04e6d21c5a' }],
    [
      { a: '…/x', '…': '…' },
      { a: '/tmp/x', b: 1 },
    ],
  ])('%j is %j in another call', (shown, printed) => {
    expect(jsonDifference(shown, printed)).toBeNull()
  })
})

test('shown text is matched as a whole, blanks in runs', () => {
  expect(textMatches('a  b\n', 'a b\n')).toBe(true)
  expect(textMatches('a b', 'a b c')).toBe(false)
  expect(textMatches('a.b', 'axb')).toBe(false)
  expect(textMatches('(13,15): error …', '(13,15): error TS2339: x')).toBe(true)
})

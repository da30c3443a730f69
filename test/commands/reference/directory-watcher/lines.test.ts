/** Names of every kind come through as one line each. */
import { renameSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { entryLine } from '../../../../commands/reference/directory-watcher/lines.js'
import { Bench, type Line } from './watcher-process.js'

const bench = new Bench()

it.each([
  ['a newline', 'a\nb'],
  ['a carriage return', 'a\rb'],
  ['quotes and a backslash', 'a"b\\c\'d'],
  ['only spaces', '   '],
  ['line separators of Unicode', 'a\u2028b\u2029c\u0085d'],
  ['terminal control sequences', '\u001b[31mred\u009b0m'],
  ['letters beyond ASCII', 'naïve-日本-🦆'],
  ['a leading dash and dots', '-rf ..'],
])('a name with %s', async (_, name) => {
  const watcher = await bench.watch()
  writeFileSync(`${bench.dir}/${name}`, '')
  const line = await watcher.about('create', `${bench.dir}/${name}`)
  expect(line.path_base64).toBeUndefined()
})

it('a name that is no UTF-8 is told with U+FFFD, and its bytes beside it', async () => {
  const watcher = await bench.watch()
  const path = Buffer.concat([Buffer.from(`${bench.dir}/a`), Buffer.from([0xff, 0xfe]), Buffer.from('b')])
  writeFileSync(path, '')
  const created = await watcher.line('create', line => line.path_base64 === path.toString('base64'))
  expect(created.path).toBe(`${bench.dir}/a\ufffd\ufffdb`)
  renameSync(path, `${bench.dir}/plain`)
  const renamed = await watcher.about('rename', `${bench.dir}/plain`)
  expect(renamed.from_base64).toBe(path.toString('base64'))
  expect(renamed.path_base64).toBeUndefined()
})

it('a line is one line for every reader, and holds no byte that a terminal obeys', async () => {
  const name = Array.from({ length: 0x2100 }, (_, i) => String.fromCharCode(i)).join('')
  const text = entryLine('create', Buffer.from(`/${name}`).toString('latin1'), 'file')
  const read: string[] = []
  for await (const line of createInterface({ input: Readable.from([text]) })) read.push(line)
  expect(read).toHaveLength(1)
  expect(text.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/)
  const parsed: Line = JSON.parse(text)
  expect(parsed.path).toBe(`/${name}`)
})

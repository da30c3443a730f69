import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { ChildOutput } from '../../../framework/invocation/child-output.js'

test('a stream that ended is settled at once, with all that it brought', async () => {
  const stream = new PassThrough()
  const output = new ChildOutput(stream, 100)
  stream.end('text')
  await output.settled()
  expect(output.take()).toBe('text')
  expect(output.truncated).toBe(false)
})

test('no stream is an empty text', async () => {
  const output = new ChildOutput(null, 100)
  await output.settled()
  expect(output.take()).toBe('')
})

test('a stream that stays open is settled when it has been silent for a while', async () => {
  const stream = new PassThrough()
  const output = new ChildOutput(stream, 100)
  stream.write('one ')
  const settled = output.settled()
  setTimeout(() => stream.write('two'), 50)
  await settled
  expect(output.take()).toBe('one two')
  output.close()
  await output.closed
})

test('a stream that never falls silent is settled all the same', async () => {
  const stream = new PassThrough()
  const output = new ChildOutput(stream, 1_000_000)
  const noise = setInterval(() => stream.write('noise\n'), 10)
  await output.settled()
  clearInterval(noise)
  expect(output.take()).toMatch(/^(noise\n)+$/)
  output.close()
})

test('what comes after the text was taken is read, so that nobody blocks, and forgotten', async () => {
  const stream = new PassThrough({ highWaterMark: 10 })
  const output = new ChildOutput(stream, 1_000_000)
  stream.write('kept')
  await output.settled()
  expect(output.take()).toBe('kept')
  await new Promise(resolve => stream.write('x'.repeat(100_000), resolve))
  expect(output.take()).toBe('')
  output.close()
})

test('only so many bytes are kept, and no half characters at the cut', async () => {
  for (const [limit, text, kept, truncated] of [
    [4, 'abcd', 'abcd', false],
    [4, 'abcde', 'abcd', true],
    [0, 'a', '', true],
    [2, 'aä', 'a', true],
    [3, 'aä', 'aä', false],
    [3, '😀', '', true],
  ] as const) {
    const stream = new PassThrough()
    const output = new ChildOutput(stream, limit)
    for (const byte of Buffer.from(text)) stream.write(Buffer.from([byte]))
    stream.end()
    await output.settled()
    expect([output.take(), output.truncated], `${limit} of ${text}`).toEqual([kept, truncated])
  }
})

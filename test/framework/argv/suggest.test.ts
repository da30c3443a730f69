/** The distance between words, and what is near enough. */
import { expect, test } from 'vitest'
import { editDistance, nearest } from '../../../framework/argv/suggest.js'

test.each([
  ['', '', 0],
  ['', 'abc', 3],
  ['abc', 'abc', 0],
  ['abc', 'acb', 1],
  ['kitten', 'sitting', 3],
  ['ca', 'abc', 3],
])('%j and %j are %i apart', (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance)
  expect(editDistance(b, a)).toBe(distance)
})

test.each([
  ['strat', ['start', 'stop', 'status'], ['start']],
  ['PS', ['ps', 'show'], ['ps']],
  ['verb', ['verbose', 'version'], ['verbose']],
  ['max-lifetim', ['max-lifetime', 'mode'], ['max-lifetime']],
  ['x', ['a', 'y', 'xy'], []],
  ['zzz', ['ps', 'show'], []],
  ['lst', ['last', 'list', 'lost', 'lest'], ['last', 'lest', 'list']],
])('%j among %j is %j', (word, candidates, expected) => {
  expect(nearest(word, candidates)).toEqual(expected)
})

/** The table of signals is Node's own, for every number that ends or stops something. */
import { constants } from 'node:os'
import { expect, test } from 'vitest'
import { SIGNALS } from '../../../framework/process/signal-numbers.js'

/** Second names of signals that have a first one (signal(7)). */
const SYNONYMS = ['SIGIOT', 'SIGPOLL']

test('each signal has the number that Node gives it, and none is missing', () => {
  const named = Object.fromEntries(SIGNALS.flatMap((name, number) => (name ? [[name, number]] : [])))
  const by_node = Object.entries(constants.signals).filter(([name]) => !SYNONYMS.includes(name))
  expect(named).toEqual(Object.fromEntries(by_node))
})

/** The rules that the tree of folders promises: imports go down the layers, and rooms of one layer form no circle. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, test } from 'vitest'

/** Longest match first. A room's number is its layer. */
const ROOMS: readonly (readonly [string, number])[] = [
  ['bin', 9],
  ['framework/index.ts', 8],
  ['framework/testing.ts', 8],
  ['commands/builtin', 7],
  ['commands/reference', 7],
  ['framework/author.ts', 6],
  ['framework/invocation', 5],
  ['framework/output', 5],
  ['framework/runtimes', 4],
  ['manifest', 4],
  ['framework/shim', 3],
  ['framework/runs', 3],
  ['framework/contract', 2],
  ['framework/argv', 2],
  ['framework/store', 2],
  ['framework/process', 1],
  ['framework/compiled-code', 1],
  ['schemas', 0],
]

interface Import {
  readonly from: string
  readonly to: string
  /** Types alone: nothing is loaded. */
  readonly types: boolean
}

const sources = ['bin', 'commands', 'framework', 'manifest'].flatMap(folder =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => join(folder, name)),
)

const STATEMENT = /^(?:import|export)( type)?\b[^;'"]*?from '(\.[^']+)'|\bimport\('(\.[^']+)'\)/gm

const imports: Import[] = sources.flatMap(from =>
  [...readFileSync(from, 'utf8').matchAll(STATEMENT)].map(([, types, named, loaded]) => ({
    from,
    to: normalize(join(dirname(from), named ?? loaded ?? '')).replace(/\.js$/, '.ts'),
    types: types !== undefined,
  })),
)

function roomOf(file: string): readonly [string, number] {
  const room = ROOMS.find(([path]) => file === path || file.startsWith(`${path}/`))
  if (!room) throw new Error(`${file} lies in no room`)
  return room
}

test('every source file lies in a room of the architecture', () => {
  expect(sources.length).toBeGreaterThan(50)
  expect(() => sources.map(roomOf)).not.toThrow()
})

test('the imports were read', () => {
  expect(imports.length).toBeGreaterThan(200)
})

test('a layer imports only from its own and lower ones', () => {
  const upward = imports.filter(({ from, to }) => roomOf(to)[1] > roomOf(from)[1])
  expect(upward).toEqual([])
})

test('rooms of one layer do not import each other in a circle', () => {
  const edges = new Map<string, Set<string>>()
  for (const { from, to, types } of imports) {
    if (types) continue
    const [a, b] = [roomOf(from)[0], roomOf(to)[0]]
    if (a !== b) edges.set(a, (edges.get(a) ?? new Set()).add(b))
  }
  const reaches = (from: string, to: string, seen: Set<string> = new Set()): boolean =>
    [...(edges.get(from) ?? [])].some(next => {
      if (next === to) return true
      if (seen.has(next)) return false
      return reaches(next, to, seen.add(next))
    })
  const circular = [...edges.keys()].filter(room => reaches(room, room))
  expect(circular).toEqual([])
})

test('commands of the reference tool import what any author can, and their own programs', () => {
  const foreign = imports.filter(
    ({ from, to }) =>
      from.startsWith('commands/reference/') &&
      to !== 'framework/author.ts' &&
      !to.startsWith('commands/reference/'),
  )
  expect(foreign).toEqual([])
})

test('the process room knows no run, session or command line', () => {
  const outward = imports.filter(
    ({ from, to }) => from.startsWith('framework/process/') && !/^(framework\/process|schemas)\//.test(to),
  )
  expect(outward).toEqual([])
})

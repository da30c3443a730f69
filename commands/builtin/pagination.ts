/** Pages of a list: stateless cursors that are bound to their query (REQ-F-018, REQ-O-003). */

import { textDigest } from '../../framework/contract/projection.js'
import { FrameworkExit } from '../../framework/invocation/framework-exit.js'
import type { Pagination } from '../../schemas/generated/types.js'

export interface PageRequest {
  /** 0 for all. */
  readonly limit: number
  readonly cursor: string | null
  /** What the list was made by; a cursor of another query is refused. */
  readonly query: string
}

/**
 * Cuts one page. The list may have changed since the cursor was given: the page begins after the items that it names.
 * @param parts the list, in parts that each grow at their own end; the cursor names the last item told of each, so that
 * what comes to an earlier part is told even where a later one was begun
 * @param id a stable, unique name of an item, without a space
 * @throws FrameworkExit `INVALID_CURSOR` (exit 2: nothing was done yet but reading)
 */
export function paginate<T>(
  parts: readonly (readonly T[])[],
  id: (item: T) => string,
  request: PageRequest,
): { readonly items: readonly T[]; readonly pagination: Pagination } {
  const query = textDigest(request.query)
  const told = request.cursor === null ? [] : namesIn(request.cursor, query)
  const rest = parts.flatMap((part, index) =>
    part.slice(after(part.map(id), told[index])).map(item => ({ item, index })),
  )
  const page = request.limit === 0 ? rest : rest.slice(0, request.limit)
  const has_more = page.length < rest.length
  const last = parts.map((_, index) => {
    const newest = page.findLast(entry => entry.index === index)
    return newest ? id(newest.item) : (told[index] ?? '')
  })
  return {
    items: page.map(({ item }) => item),
    pagination: {
      total: parts.reduce((sum, { length }) => sum + length, 0),
      returned: page.length,
      truncated: has_more,
      has_more,
      next_cursor: has_more ? encode(query, last) : null,
    },
  }
}

/** @param name empty where nothing was told yet */
function after(ids: readonly string[], name = ''): number {
  if (name === '') return 0
  const index = ids.indexOf(name)
  if (index < 0) throw invalidCursor()
  return index + 1
}

function namesIn(cursor: string, query: string): string[] {
  const [of_query, ...names] = Buffer.from(cursor, 'base64url').toString('utf8').split(' ')
  if (of_query !== query || names.every(name => name === '')) throw invalidCursor()
  return names
}

const invalidCursor = (): FrameworkExit =>
  new FrameworkExit('ARG_ERROR', 'INVALID_CURSOR', 'this cursor belongs to no page of this list', {
    fix_required: 'call again without --cursor',
  })

const encode = (query: string, last: readonly string[]): string =>
  Buffer.from([query, ...last].join(' ')).toString('base64url')

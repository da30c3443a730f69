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
 * Cuts one page. The list may have changed since the cursor was given: the page begins after the item that it names.
 * @param id a stable, unique name of an item
 * @throws FrameworkExit `INVALID_CURSOR` (exit 2: nothing was done yet but reading)
 */
export function paginate<T>(
  items: readonly T[],
  id: (item: T) => string,
  request: PageRequest,
): { readonly items: readonly T[]; readonly pagination: Pagination } {
  const query = textDigest(request.query)
  const begin = request.cursor === null ? 0 : after(items.map(id), request.cursor, query)
  const end = request.limit === 0 ? items.length : begin + request.limit
  const page = items.slice(begin, end)
  const last = page.at(-1)
  const has_more = end < items.length
  return {
    items: page,
    pagination: {
      total: items.length,
      returned: page.length,
      truncated: has_more,
      has_more,
      next_cursor: has_more && last !== undefined ? encode(query, id(last)) : null,
    },
  }
}

function after(ids: readonly string[], cursor: string, query: string): number {
  const [of_query, last] = Buffer.from(cursor, 'base64url').toString('utf8').split(' ')
  const index = of_query === query && last !== undefined ? ids.indexOf(last) : -1
  if (index >= 0) return index + 1
  throw new FrameworkExit('ARG_ERROR', 'INVALID_CURSOR', 'this cursor belongs to no page of this list', {
    fix_required: 'call again without --cursor',
  })
}

const encode = (query: string, id: string): string => Buffer.from(`${query} ${id}`).toString('base64url')

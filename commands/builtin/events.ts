/** `events`: what happens to runs, from their records: on record so far, or as it happens. Reads only. */
import { defineCommand } from '../../framework/author.js'
import type { BaseContext } from '../../framework/invocation/context.js'
import { internalsOf, recordedState } from '../../framework/invocation/internals.js'
import type { OwnedStdout } from '../../framework/invocation/owned-stdout.js'
import type { Event } from '../../framework/runs/events/event.js'
import { EventFeed } from '../../framework/runs/events/feed.js'
import { EVENT_SCHEMA, eventForm, eventRow } from './event-row.js'
import { STATE_UNAVAILABLE } from './exits.js'
import { paginate } from './pagination.js'
import { streamOf } from './stream.js'

/** Between two looks at the records, in ms. */
const PAUSE_MS = 100

export default defineCommand({
  name: 'events',
  description: 'Show what happened to runs, or what happens, until their session was stopped.',
  danger_level: 'safe',
  required_scopes: [],
  flags: {
    follow: {
      type: 'boolean',
      short: 'f',
      description: 'Go on until the session given was stopped; without one until the call is ended',
    },
    limit: { type: 'integer', default: 20, description: 'Events in one answer; 0 for all' },
    cursor: { type: 'string', description: 'Where the next page begins, as the answer before named it' },
  },
  exit_codes: {
    SUCCESS: { description: 'The events are shown', retryable: false, side_effects: 'none' },
    PRECONDITION: {
      ...STATE_UNAVAILABLE,
      description: 'The state directory cannot be used, or the call cannot stream',
      error_codes: ['STATE_DIR_UNAVAILABLE', 'STREAM_UNAVAILABLE'],
    },
  },
  output_schema: {
    type: 'object',
    properties: {
      events: {
        type: 'array',
        items: EVENT_SCHEMA,
        description: 'Oldest first, those without a time last; not there where they were streamed',
      },
      session_stopped: {
        type: 'boolean',
        description: 'Where they were streamed: whether the session that was followed was stopped',
      },
    },
  },
  timeout_seconds: 0,
  examples: [
    { description: 'Everything that is on record of a session', command: '{tool} events --session ci-job-7' },
    { description: 'Watch a session until it is stopped', command: '{tool} events -f --session ci-job-7' },
  ],
  validate: ({ follow, limit, cursor }) => [
    ...(limit < 0 ? [{ param: 'limit', message: '--limit must be 0 or more' }] : []),
    ...(follow && cursor !== undefined
      ? [{ param: 'cursor', message: 'a stream has no pages: leave --cursor or --follow out' }]
      : []),
  ],
  async execute({ follow, limit, cursor = null }, ctx) {
    if (follow) return { session_stopped: await followed(ctx, streamOf(ctx, 'events', 'follow events')) }
    const root = recordedState(ctx)
    const session_id = ctx.session.given ? ctx.session.id : null
    const events = root ? new EventFeed(root, { session_id, from: 'history' }).look().events : []
    const rows = events.map(event => ({ row: eventRow(event), id: nameOf(event) }))
    const query = JSON.stringify(['events', session_id])
    // What comes without a time would come before what an earlier page told.
    const parts = [rows.filter(({ row }) => row.at !== null), rows.filter(({ row }) => row.at === null)]
    const page = paginate(parts, ({ id }) => id, { limit, cursor, query })
    internalsOf(ctx).meta({ pagination: page.pagination })
    return { events: page.items.map(({ row }) => row) }
  },
})

/** Stable and unique: a page begins after the event that its cursor names. */
const nameOf = (event: Event): string =>
  [event.run_id ?? event.session_id, event.event, event.at, 'pid' in event ? event.pid : ''].join(':')

/** @returns whether it ended because the session was stopped, and not by a signal or the reader */
async function followed(ctx: BaseContext, stdout: OwnedStdout): Promise<boolean> {
  const { header, line } = eventForm(stdout.take().format)
  let items_emitted = 0
  await stdout.write(header)
  for await (const events of looks(ctx, stdout)) {
    items_emitted += events.length
    await stdout.write(events.map(event => line(eventRow(event))).join(''))
  }
  internalsOf(ctx).meta({ items_emitted })
  return !ctx.signal.aborted
}

async function* looks(ctx: BaseContext, stdout: OwnedStdout) {
  const session_id = ctx.session.given ? ctx.session.id : null
  let root = recordedState(ctx)
  // Of a state root that is not there yet all that comes is new.
  const from = session_id !== null ? 'session' : root ? 'live' : 'history'
  for (; !root && !ctx.signal.aborted; root = recordedState(ctx))
    await stdout.idle(PAUSE_MS, ctx.signal, root)
  if (!root) return
  const feed = new EventFeed(root, { session_id, from })
  while (!ctx.signal.aborted) {
    const { events, is_over } = feed.look()
    yield events
    if (is_over) return
    await stdout.idle(PAUSE_MS, ctx.signal, root)
  }
}

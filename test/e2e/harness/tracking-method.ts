/** Which tracking method the suite runs on: `TEST_TRACKING=snapshot` forces the lesser, and skips what only the other promises. */

export const IS_FORCED = process.env['TEST_TRACKING'] === 'snapshot'

/** The environment that says so to a tool. */
export const trackingOf = (tool: string): Readonly<Record<string, string>> =>
  IS_FORCED ? { [`${tool.toUpperCase().replaceAll('-', '_')}_TRACKING`]: 'snapshot' } : {}

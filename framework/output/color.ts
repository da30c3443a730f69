/** Whether colour may be used, and the few styles that there are. */

const SILENCERS = ['CI', 'GITHUB_ACTIONS', 'JENKINS_URL'] as const

/** Colour only on a terminal, and not where the environment speaks against it (REQ-F-008); NO_COLOR counts even empty. */
export function colourAllowed(stream: {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly is_tty: boolean
}): boolean {
  const { env, is_tty } = stream
  if (!is_tty || env['NO_COLOR'] !== undefined || env['TERM'] === 'dumb') return false
  return SILENCERS.every(name => !env[name])
}

export type Style = (text: string) => string
export interface Styles {
  readonly bold: Style
  readonly dim: Style
  readonly red: Style
  readonly green: Style
  readonly yellow: Style
}

/** Styles that do something, or nothing. */
export function styles(colour: boolean): Styles {
  const sgr = (on: number, off: number): Style =>
    colour ? text => (text === '' ? '' : `\x1b[${on}m${text}\x1b[${off}m`) : text => text
  return { bold: sgr(1, 22), dim: sgr(2, 22), red: sgr(31, 39), green: sgr(32, 39), yellow: sgr(33, 39) }
}

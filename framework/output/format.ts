/** Which form an answer takes. */
import { FORMATS, type FormatName } from '../contract/global-flags.js'

/** `human` is what a terminal gets; nobody names it. */
export type OutputFormat = FormatName | 'human'

/**
 * The flag decides, else the variable, else whether anybody is there to read (REQ-F-003, REQ-O-042). A value that is
 * no format counts as none: the call is refused for it, and the refusal needs a form too.
 * NO_COLOR alone never selects JSON on a terminal (contract B-02).
 */
export function chooseFormat(asked: {
  readonly flag: string | null
  /** Of `<P>FORMAT`. */
  readonly env_value: string | null
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout_is_tty: boolean
}): OutputFormat {
  const named = formatNamed(asked.flag) ?? formatNamed(asked.env_value)
  if (named !== null) return named
  return asked.stdout_is_tty && !asked.env['CI'] ? 'human' : 'json'
}

function formatNamed(text: string | null): FormatName | null {
  return FORMATS.find(name => name === text) ?? null
}

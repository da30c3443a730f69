/** The built-in shapes of identifiers (`pattern_type`), and the inputs that agents invent for them (REQ-C-020, REQ-F-045). */
import type { PatternType } from '../contract/declaration.js'

// ids hold no `/`, `.`, `?`, `#` or `%` (REQ-C-020); semver is the grammar of semver.org; the UUID any version of RFC 9562.
const SHAPES = {
  alphanumeric_id: /^[A-Za-z0-9][A-Za-z0-9_-]*$/,
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  semver:
    /^(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}(-(0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*)(\.(0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*))*)?(\+[\dA-Za-z-]+(\.[\dA-Za-z-]+)*)?$/,
} as const

interface Invention {
  readonly name: string
  readonly found: RegExp
  /** A path may climb and hold any character; encoded, nobody means it. */
  readonly in_paths: boolean
}

const INVENTIONS: readonly Invention[] = [
  {
    name: 'encoded_path_traversal',
    found: /\.\.%2f|\.\.%5c|%2e%2e|%2e\.|\.%2e/i,
    in_paths: true,
  },
  { name: 'path_traversal', found: /\.\.[/\\]/, in_paths: false },
  { name: 'percent_encoding', found: /%[0-9a-f]{2}/i, in_paths: false },
  { name: 'query_parameters', found: /[?&]/, in_paths: false },
  { name: 'fragment', found: /#/, in_paths: false },
]

/** What is wrong with a value of a built-in shape. */
export interface PatternFault {
  /** Completes the sentence that begins with the flag's name. */
  readonly problem: string
  /** The invention's name (REQ-F-045); absent where the shape is merely not met. */
  readonly rejected_pattern?: string
}

/**
 * Checks a value against its `pattern_type`.
 * @returns null where it fits
 */
export function checkPatternType(value: string, type: PatternType): PatternFault | null {
  if (type === 'url') return checkUrl(value)
  for (const { name, found, in_paths } of INVENTIONS) {
    if ((in_paths || type !== 'filepath') && found.test(value))
      return { problem: `holds what no ${type} can hold (${name})`, rejected_pattern: name }
  }
  if (type === 'filepath') return value === '' ? { problem: 'must not be empty' } : null
  return SHAPES[type].test(value) ? null : { problem: `must be of the form ${type}` }
}

function checkUrl(value: string): PatternFault | null {
  // A scheme alone (`mailto:x`, `c:\x`) parses too; what is asked for here is something to connect to.
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(value) && URL.canParse(value)
    ? null
    : { problem: 'must be an absolute URL such as https://example.com/' }
}

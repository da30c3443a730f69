/** The stable codes that the sources can answer with, read from their text: a code is a literal in UPPER_SNAKE. */
import { readdirSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { EXIT_CODES } from '../../framework/contract/exit-codes.js'

const CODE = /'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)'/g

/** Literals of this form that are no codes: environment variables and their parts, markers, states of processes. */
const OTHER_WORDS = new RegExp(
  `^(?:${[
    '[A-Z]',
    'PATH|PWD|HOME|USER|LOGNAME|LANG|TZ|TMPDIR|CI|TERM|TMUX|TMUX_PANE|PAGER|GIT_PAGER|FORCE_COLOR|CLICOLOR_FORCE',
    'DEBUG|FORMAT|SESSION_ID|RUN_ID|STATE_DIR|XDG_STATE_HOME|TRACKING|TOOL_TRACE_ID|LD_LIBRARY_PATH',
    'NO_MARKER_IS_KNOWN',
    // Errors of Node and of ours that no answer carries.
    'ELOCKED|ENOTREG|ERR_[A-Z_]+',
  ].join('|')})$`,
)

const isOther = (word: string): boolean =>
  OTHER_WORDS.test(word) ||
  Object.hasOwn(EXIT_CODES, word) ||
  Object.hasOwn(constants.errno, word) ||
  Object.hasOwn(constants.signals, word)

/** Every TypeScript file below a directory. */
export function sourcesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => join(directory, name))
}

/** Every code that the files name, exits of the standard table left out but for those that are error codes as well. */
export function codesIn(files: readonly string[], also: readonly string[]): string[] {
  const found = new Set(also)
  for (const file of files) {
    for (const [, word = ''] of readFileSync(file, 'utf8').matchAll(CODE)) {
      if (!isOther(word)) found.add(word)
    }
  }
  return [...found].sort()
}

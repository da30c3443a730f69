/** What can be the path of a command, or its alias: typed without quotes, and the name of a file when compiled. */
const WORD = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/
const MAX_LENGTH = 100

/** For fixes: what a path is made of. */
export const COMMAND_PATH_SPELLING = `lower-case words of letters, digits and single hyphens, separated by single spaces, at most ${MAX_LENGTH} characters, such as 'deploy rollback'`

/** Kebab-case words with single spaces. */
export function isCommandPath(text: string): boolean {
  return text.length <= MAX_LENGTH && text.split(' ').every(word => WORD.test(word))
}

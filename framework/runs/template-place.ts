/**
 * Where templates lie, and whether what lies there is the user's alone: a template chooses what runs, so nobody else may
 * choose the template. Never the working directory: a cloned repository would then decide.
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  type Stats,
} from 'node:fs'
import { userInfo } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { formatCommandLine } from '../argv/command-line.js'
import { errnoOf } from '../process/errno.js'
import { TemplateRefused } from './template-refused.js'

export type Environment = Readonly<Record<string, string | undefined>>

const GROUP_OR_OTHERS_WRITE = 0o022
/** A longer file was not written by a person. */
const MAX_BYTES = 1024 * 1024
const SUFFIX = '.json'

/**
 * `$XDG_CONFIG_HOME/<tool>/templates`, else `~/.config/<tool>/templates`. Paths that are not absolute are ignored (XDG
 * Base Directory Specification).
 */
export function templateDirectory(tool_name: string, env: Environment): string {
  const { XDG_CONFIG_HOME: config_home, HOME: home } = env
  if (config_home && isAbsolute(config_home)) return join(config_home, tool_name, 'templates')
  return join(home && isAbsolute(home) ? home : userInfo().homedir, '.config', tool_name, 'templates')
}

/** Every file of the directory that may be a template, by name, sorted; nothing of them is checked. */
export function templateFiles(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter(name => name.endsWith(SUFFIX))
      .map(name => name.slice(0, -SUFFIX.length))
      .sort()
  } catch {
    return []
  }
}

/**
 * Reads a file that only the user can have written.
 * @returns null where there is none
 * @throws TemplateRefused `TEMPLATE_NOT_PRIVATE`, `TEMPLATE_INVALID`
 */
export function readPrivately(directory: string, name: string): { path: string; text: string } | null {
  const path = join(directory, name + SUFFIX)
  // Who can write a directory chooses what lies in it. The configuration home itself is the user's to arrange.
  for (const above of [join(directory, '..'), directory]) {
    const stat = lstatSync(above, { throwIfNoEntry: false })
    if (!stat) return null
    assertPrivate(above, stat)
  }
  let descriptor: number
  try {
    // Neither a symlink's target nor a FIFO that would wait for a writer (open(2)).
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'ENOENT') return null
    throw errno === 'ELOOP' ? notPrivate(path, 'symlink') : unreadable(path, `cannot be read (${errno})`)
  }
  try {
    const stat = fstatSync(descriptor)
    assertPrivate(path, stat)
    if (!stat.isFile()) throw unreadable(path, 'is not a regular file')
    if (stat.size > MAX_BYTES) throw unreadable(path, `is longer than ${MAX_BYTES} bytes`)
    return { path, text: readFileSync(descriptor, 'utf8') }
  } finally {
    closeSync(descriptor)
  }
}

function assertPrivate(path: string, stat: Stats): void {
  if (stat.isSymbolicLink()) throw notPrivate(path, 'symlink')
  if (stat.uid !== process.geteuid?.()) throw notPrivate(path, 'wrong_owner')
  if ((stat.mode & GROUP_OR_OTHERS_WRITE) !== 0) throw notPrivate(path, 'writable_by_others')
}

type Publicity = 'symlink' | 'wrong_owner' | 'writable_by_others'

const WORDS: Readonly<Record<Publicity, readonly [what: string, fix: string]>> = {
  symlink: ['is a symbolic link', 'put the file or directory itself there'],
  wrong_owner: ['belongs to another user', 'look at what it runs, and write one of your own'],
  writable_by_others: ['can be written by other users', 'look at what it runs, then take their right away'],
}

function notPrivate(path: string, reason: Publicity): TemplateRefused {
  const [what, fix_required] = WORDS[reason]
  return new TemplateRefused('TEMPLATE_NOT_PRIVATE', `${path} ${what}`, {
    context: { path, reason },
    fix_required,
    ...(reason === 'writable_by_others' ? { fix_command: formatCommandLine(['chmod', 'go-w', path]) } : {}),
  })
}

const unreadable = (path: string, what: string): TemplateRefused =>
  new TemplateRefused('TEMPLATE_INVALID', `${path} ${what}`, {
    context: { path, faults: [`it ${what}`] },
    fix_required: 'make it a JSON file that you can read',
  })

/** The environments that processes of ours get: as little as possible for our own programs, a machine's for children. */

const MINIMAL = new Set(['PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'TZ', 'TMPDIR'])
/** Without it a Node that is linked against libraries of its own place does not start. */
const LOADER = 'LD_LIBRARY_PATH'
const MINIMAL_FAMILIES = ['LC_', 'XDG_']

/** Pager, colour, editor and locale of a child that nobody watches (REQ-F-008, REQ-F-046, REQ-F-055, REQ-F-066). */
const MACHINE = {
  PAGER: 'cat',
  GIT_PAGER: 'cat',
  MANPAGER: 'cat',
  LESS: '-F -X -R',
  MORE: '',
  NO_COLOR: '1',
  EDITOR: 'true',
  VISUAL: 'true',
  LC_ALL: 'C',
  LC_NUMERIC: 'C',
} as const

/** These make programs colour their output whatever NO_COLOR says. */
const FORCES_COLOUR = ['FORCE_COLOR', 'CLICOLOR_FORCE']

type Environment = Readonly<Record<string, string | undefined>>

/** For our shim and guard: what finds programs and places, nothing that changes how Node or the loader work. */
export function minimalEnvironment(env: Environment): Record<string, string> {
  return pick(
    env,
    name => MINIMAL.has(name) || name === LOADER || MINIMAL_FAMILIES.some(family => name.startsWith(family)),
  )
}

/** For tracked children: the caller's environment, with everything taken out that waits for a person. */
export function machineEnvironment(env: Environment): Record<string, string> {
  return { ...pick(env, name => !FORCES_COLOUR.includes(name)), ...MACHINE }
}

function pick(env: Environment, wanted: (name: string) => boolean): Record<string, string> {
  const picked: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && wanted(name)) picked[name] = value
  }
  return picked
}

/** What the end record of a run says, made in one place: complete, within its size, and valid whatever went wrong. */
import { errnoOf } from '../process/errno.js'
import { self } from '../process/identity.js'
import type { Journal } from '../process/journal.js'
import { commandLine } from '../process/table.js'
import type { Member, Tree } from '../process/tracking.js'
import { RECORD_VERSION, type RunEnd } from './records.js'

/** How many survivors and leftovers a record lists, each; the journal has all of them. */
const LISTED_PROCESSES = 64
/** Characters of a command line that a record keeps, and how few of them where the record is too long. */
const COMMAND_LENGTH = 256
const SHORT_COMMAND_LENGTH = 24
const MESSAGE_LENGTH = 1_000

type RunError = NonNullable<RunEnd['error']>
type Rest = 'survivors' | 'leftovers'

/** @param known what is known of this end; everything else stays null, never a guess */
export function endRecord(
  run_id: string,
  known: Partial<Omit<RunEnd, 'schema_version' | 'run_id' | 'recorder'>>,
): RunEnd {
  return {
    schema_version: RECORD_VERSION,
    run_id,
    exit_code: null,
    signal: null,
    exit_reason: null,
    stop_cause: null,
    reconcile_reason: null,
    started_at: null,
    main_exited_at: null,
    ended_at: new Date().toISOString(),
    error: null,
    descendants_killed: 0,
    survivors: [],
    leftovers: [],
    ...known,
    recorder: self(),
  }
}

/** The processes of a list as a record and an answer name them: all of them. */
export const describeProcesses = (members: readonly Member[]): RunEnd['survivors'] =>
  members.map(describeProcess)

/** Which lists of a record are cut; earlier versions cut them and did not say so. */
export const cutLists = ({ survivors, leftovers, unlisted }: RunEnd): { [of in Rest]: boolean } => ({
  survivors: unlisted ? unlisted.survivors > 0 : survivors.length >= LISTED_PROCESSES,
  leftovers: unlisted ? unlisted.leftovers > 0 : leftovers.length >= LISTED_PROCESSES,
})

/**
 * Writes into the journal what the end of a run cannot list, and what only its environment ties to the run; to be called
 * before the end is there, for who finds that reads the rest in the journal.
 * @param last what was seen of the run last
 */
export function journalUnlisted(journal: Pick<Journal, 'add'>, end: RunEnd, last: Tree): void {
  if (cutLists(end).leftovers) journal.add(...last.marked_only.map(({ identity }) => identity))
}

/** An error as a record keeps it. Node's own codes, such as ERR_INVALID_ARG_VALUE, are no errno. */
export function recordedError(code: string, message: string, errno: string | null): RunError {
  return {
    code,
    errno: errno !== null && /^E[A-Z0-9]+$/.test(errno) ? errno : null,
    message: message.slice(0, MESSAGE_LENGTH),
  }
}

/** As `recordedError`, from whatever was thrown. */
export const thrownError = (code: string, thrown: unknown): RunError =>
  recordedError(code, thrown instanceof Error ? thrown.message : String(thrown), errnoOf(thrown))

/** An end as it is recorded: it lists so many processes, and says how many more there are. */
export const recordable = (end: RunEnd): RunEnd => listing(end, LISTED_PROCESSES)

/** Makes a record fit into its reserved space: first the command lines get shorter, then fewer processes are listed. */
export function shortened(end: RunEnd, bytes: number): RunEnd {
  const brief = { ...end, survivors: briefly(end.survivors), leftovers: briefly(end.leftovers) }
  let short = brief
  for (
    let count = LISTED_PROCESSES;
    Buffer.byteLength(JSON.stringify(short)) >= bytes && count > 0;
    count >>= 1
  )
    short = listing(brief, count)
  return short
}

function listing(end: RunEnd, count: number): RunEnd {
  const [survivors, leftovers] = [end.survivors.slice(0, count), end.leftovers.slice(0, count)]
  const unlisted = {
    survivors: (end.unlisted?.survivors ?? 0) + end.survivors.length - survivors.length,
    leftovers: (end.unlisted?.leftovers ?? 0) + end.leftovers.length - leftovers.length,
  }
  const is_cut = unlisted.survivors + unlisted.leftovers > 0
  return { ...end, survivors, leftovers, ...(is_cut ? { unlisted } : {}) }
}

const briefly = (list: RunEnd[Rest]): RunEnd[Rest] =>
  list.map(one => ({ ...one, cmd: one.cmd.slice(0, SHORT_COMMAND_LENGTH) }))

function describeProcess({ identity, ppid }: Member): RunEnd['survivors'][number] {
  return { identity, ppid, cmd: commandOf(identity.pid).slice(0, COMMAND_LENGTH) }
}

function commandOf(pid: number): string {
  try {
    return (commandLine(pid) ?? []).join(' ')
  } catch {
    // No descriptor left to read it by: the identity is what counts.
    return ''
  }
}

/** The process as an invocation sees it: everything from outside comes through here, so that a call can be embedded. */

/** Where a call runs. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Of `env`, what this process changed for all that it starts, as its caller gave it: for a program in the foreground. */
  readonly replaced_env?: Readonly<Record<string, string | undefined>>
  /** Absolute. */
  readonly cwd: string
  /** The script that runs, links resolved; null where a tool is embedded. */
  readonly entry: string | null
  readonly stdin_is_tty: boolean
  readonly stdout_is_tty: boolean
  readonly stderr_is_tty: boolean
  /** Columns of the terminal; 0 where there is none. */
  readonly width: number
  /** Of stdout in this process; null where it is none of its descriptors. */
  readonly stdout_descriptor: number | null
  /** One write, whole; resolves when the last byte has been handed over. */
  write_stdout(text: string): Promise<void>
  /** A part of a stream; any number of them, each handed over before the next. */
  stream_stdout(bytes: Uint8Array): Promise<void>
  write_stderr(text: string): void
  /** As `stream_stdout`: what a program in the foreground writes, where it is copied. */
  stream_stderr(bytes: Uint8Array): Promise<void>
}

/** A reader that went away: nothing is wrong, nobody is listening (REQ-F-014). */
export class ReaderGone extends Error {}

/** A terminal that was closed: SIGHUP comes of it too, perhaps later, and perhaps to others only. */
export class TerminalGone extends ReaderGone {}

/**
 * What a handler is given beside its arguments. Capabilities are types: a context has a member
 * only where the contract declares what it needs (design: an undeclared capability does not compile).
 */
import type { RunReport, RunTemplate } from '../../schemas/generated/types.js'
import type { DangerLevel } from '../contract/declaration.js'
import type { ExitCodes } from '../contract/exit-codes.js'
import type { ExitReason } from '../runs/records.js'
import type { StopResult } from '../runs/stop-result.js'
import type { RuntimeName } from '../runtimes/adapter.js'
import type { CommandExit, ExitDetails } from './command-exit.js'
import type { ReadyWhen } from './ready-when.js'

/** One constructor per declared exit but success; handlers end by `throw ctx.exit.NAME(message, details)`. */
export type ExitConstructors<E extends ExitCodes> = {
  readonly [K in keyof E as K extends 'SUCCESS' ? never : K]: (
    message: string,
    details?: ExitDetails,
  ) => CommandExit
}

/** How a tracked child is started. */
export interface RunOptions {
  /** Default: the invocation's working directory. */
  readonly cwd?: string
  /** Added to the child's environment; undefined removes a name. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Written to the child's stdin, which is /dev/null without it. */
  readonly input?: string | Uint8Array
  /** Ends the child's whole tree after this many milliseconds. */
  readonly timeout_ms?: number
  /** Bytes kept of stdout and of stderr, each; the rest is dropped and `truncated` says so. Default 16 MiB. */
  readonly max_output_bytes?: number
}

/** How a tracked child ended. */
export interface RunResult {
  readonly run_id: string
  readonly pid: number
  /** Null where a signal ended it. */
  readonly exit_code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
  readonly truncated: boolean
  /** True where `timeout_ms` ended it. */
  readonly timed_out: boolean
}

/** How a background process is started. */
export interface BackgroundOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Where the program lives: `background`, without a terminal, where left out; `tmux`, on one that `attach` opens. */
  readonly runtime?: RuntimeName
  /** A name for people, shown by `ps`. */
  readonly name?: string
  /**
   * At most one live run of the session has the name: where one has it that is the same program in the same directory,
   * that one is answered with; where it is another, `ALREADY_EXISTS`. False where left out.
   */
  readonly unique?: boolean
  /**
   * Wait until a line of the log matches, a TCP port of this machine accepts, or the program writes a line to a
   * descriptor, within `timeout_seconds` (30). Otherwise the run is ended and the start fails.
   */
  readonly ready?: ReadyWhen
  /** The run ends when this process does: a pid, or `parent` for the one that started this tool. */
  readonly bind?: number | 'parent'
  /** TERM to KILL. Default 5000. */
  readonly grace_ms?: number
  /** The run is ended then, at the latest when the contract's `max_lifetime_seconds` are over. */
  readonly max_lifetime_ms?: number
  /**
   * Bytes of the log that are kept on disk, 65536 or more: its head and its tail; the middle goes. Default 64 MiB.
   */
  readonly log_max_bytes?: number
}

/** A background run as its starter knows it. */
export interface BackgroundRun {
  readonly run_id: string
  readonly session_id: string
  readonly pid: number
  readonly log_path: string
  /** It was there before, and this call started nothing. */
  readonly existed: boolean
  /** Null where nobody waited for that. */
  readonly is_ready: true | null
}

/** Starts the one background process of a command that declared it (REQ-C-010). */
export interface Background {
  /**
   * Records, starts and confirms the process; its fields are added to the answer by the framework.
   * @throws CommandExit `START_FAILED` (errno in its context), `NOT_READY`, `READY_TIMEOUT`, `STATE_DIR_UNAVAILABLE`,
   *   `SESSION_STOPPING`, `STOPPED_BEFORE_START`, `BACKGROUND_REQUEST_INVALID`; with a unique name `ALREADY_EXISTS`;
   *   with a port `PORT_TAKEN`; with `bind` `BOUND_PROCESS_GONE`
   * @throws CapabilityError `BACKGROUND_ALREADY_STARTED` on a second call
   */
  spawn(argv: readonly [string, ...string[]], options?: BackgroundOptions): Promise<BackgroundRun>
  /** Answers with a run that is there already, found by its id, instead of starting one. */
  existing(run_id: string): Promise<BackgroundRun>
}

/** How a program in the foreground is run. */
export interface ForegroundOptions {
  /** Default: the invocation's working directory. */
  readonly cwd?: string
  /** Added to the caller's environment; undefined removes a name. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** How long descendants are followed once the program has ended. Default `strict-run`. */
  readonly mode?: 'strict-run' | 'follow-descendants'
  /** `strict-run`: how long is waited for descendants that are about to end. Default 2000. */
  readonly grace_ms?: number
  /** `follow-descendants`: how long the last of them is waited for. Default 60000. */
  readonly linger_ms?: number
  /** From a TERM, INT or HUP to the KILL of the whole tree. Default 5000. */
  readonly kill_after_ms?: number
  /** What happens to descendants that are there when that time is over. Default `report`. */
  readonly on_leftover?: 'report' | 'terminate'
  /** Ends the program and its whole tree after this long; no limit without it. */
  readonly max_lifetime_ms?: number
  /** Keeps a copy of what the program writes in the run's log; its stdout and stderr are then pipes. Default false. */
  readonly capture?: boolean
  /** A file for the report, which then does not go to stderr. */
  readonly report?: string
}

/** Runs the one program of a command that declares `delegates_stdio`. */
export interface Foreground {
  /**
   * Gives the program our stdin, stdout, stderr, terminal and signals, and waits for its end. Its exit code becomes the
   * call's, and the report is added to the answer, whatever the handler does afterwards.
   * @throws CommandExit `START_FAILED` (exit 127, 126 or 4; errno in its context), `REPORT_UNWRITABLE`,
   *   `STATE_DIR_UNAVAILABLE`, `SESSION_STOPPING`, `STOPPED_BEFORE_START`, `FOREGROUND_REQUEST_INVALID`
   * @throws CapabilityError `FOREGROUND_ALREADY_STARTED` on a second call
   */
  run(argv: readonly [string, ...string[]], options?: ForegroundOptions): Promise<RunReport>
}

/** A live run of this tool, as `ctx.runs` finds it. */
export interface LiveRun {
  readonly run_id: string
  readonly session_id: string
  /** The dot path of the command that started it. */
  readonly command: string
  readonly name: string | null
  readonly pid: number | null
}

/** A run of this tool, live or ended, as `ctx.runs.find` finds it; a member is null where no record tells it. */
export interface RecordedRun {
  readonly run_id: string
  readonly session_id: string | null
  /** The dot path of the command that started it. */
  readonly command: string | null
  readonly name: string | null
}

/** Finding and stopping runs: what a cleanup command of an author's own is made of. */
export interface Runs {
  /**
   * Live runs, by id or unique prefix, by session, by the command that started them; what is left out matches all.
   * @throws CommandExit `STATE_DIR_UNAVAILABLE`
   */
  live(which?: {
    readonly run?: string
    readonly session?: string
    readonly command?: string
  }): Promise<readonly LiveRun[]>
  /**
   * The run that an id or a unique prefix names, live or ended.
   * @throws CommandExit `RUN_NOT_FOUND` (exit 5); `AMBIGUOUS_RUN` (exit 2), which `faultyRunNames` finds in `validate`
   */
  find(run: string): Promise<RecordedRun>
  /**
   * Ends runs as the built-in `stop` does, all at once: TERM to the whole tree, the grace, KILL.
   * @param grace_ms 5000 where left out
   * @returns one result a run; `outcome` is `stopped` only where the whole tree was seen gone
   */
  stop(run_ids: readonly string[], options?: { readonly grace_ms?: number }): Promise<readonly StopResult[]>
  /**
   * A program that the user prepared under a name, with options for its start: `<config home>/<tool>/templates`.
   * @throws CommandExit `TEMPLATE_NOT_FOUND`, `TEMPLATE_NOT_PRIVATE`, `TEMPLATE_INVALID`, `TEMPLATE_NAME_INVALID`
   */
  template(name: string): Promise<RunTemplate>
}

/** How a resource ended. */
export interface ResourceEnd {
  /** `runtime_error` where nobody can say. */
  readonly exit_reason: ExitReason
  /** Never both with `signal`; null where there is none. */
  readonly exit_code: number | null
  readonly signal: string | null
}

/** Anything that is started, stopped, and ends: a server, a connection, a process of some library. */
export interface Resource {
  start(): void | Promise<void>
  /**
   * Asks it to end; called at the most once, and not where it has ended.
   * @param options `signal` fires when it should not be gentle any more
   */
  stop(options: { readonly signal: AbortSignal }): void | Promise<void>
  /** Resolves when it has ended; called once. */
  wait(): Promise<ResourceEnd>
}

/** A resource in the hands of a call. */
export interface HeldResource {
  /** Resolves once, for any number of waiters, when it has ended; never rejects. */
  wait(): Promise<ResourceEnd>
  /** Stops it before the call ends, and resolves as `wait` does; further calls join. Rejects where its `stop` does. */
  stop(): Promise<ResourceEnd>
}

/** What every handler has. */
export interface BaseContext<E extends ExitCodes = ExitCodes> {
  readonly request_id: string
  /** The session of this call: `--session`, else the environment, else the request id. */
  readonly session: { readonly id: string; readonly given: boolean }
  /** Absolute working directory of the call, `--cwd` applied. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Names of the flags and positionals that the command line gives, global options such as `cwd` included. */
  readonly given: ReadonlySet<string>
  /** Fires on a signal, at the timeout, and when the call is stopped. */
  readonly signal: AbortSignal
  readonly exit: ExitConstructors<E>
  /** The call's own directory, made when first asked for, mode 0700, removed at the end (REQ-F-032). */
  temp_dir(): Promise<string>
  /** Runs a tracked child: recorded, followed with its descendants, ended with the invocation (REQ-F-030). */
  run(argv: readonly [string, ...string[]], options?: RunOptions): Promise<RunResult>
  readonly runs: Runs
  /** Registers a hook for the end of the call; the last registered runs first, each within 2 s (REQ-C-017). */
  on_cleanup(hook: () => void | Promise<void>): void
  /**
   * Starts a resource and holds it until the call ends, however that ends: it is stopped in reverse order of
   * acquisition, in turn with the cleanup hooks, within 2 s.
   * @throws CommandExit `RESOURCE_INVALID`, `CALL_ENDING`; whatever its `start` throws
   */
  hold(resource: Resource): Promise<HeldResource>
  /** A line on stderr, shown at a terminal or with `--verbose`. */
  log(message: string): void
  /** A line on stderr, shown with `--debug`. */
  debug(message: string): void
  /** A warning in the envelope (and on stderr for people). `code` is UPPER_SNAKE. */
  warn(code: string, message: string, context?: Readonly<Record<string, unknown>>): void
  /** How far the work is; `done` never decreases. */
  progress(done: number, total?: number, unit?: string): void
}

/** What a contract brings into the context. */
export type Context<
  E extends ExitCodes,
  D extends DangerLevel,
  B extends boolean,
  I extends boolean,
  S extends boolean = false,
> = BaseContext<E> &
  (B extends true ? { readonly background: Background } : unknown) &
  (S extends true ? { readonly foreground: Foreground } : unknown) &
  (D extends 'safe' ? unknown : { readonly dryRun: boolean }) &
  (I extends true
    ? {
        /**
         * Asks the person at the terminal for one line.
         * @throws CommandExit `INPUT_REQUIRED` (exit 4) without a terminal or with `--non-interactive` (REQ-F-009)
         */
        prompt(question: string, options: { readonly suggestion: string }): Promise<string>
      }
    : unknown)

/**
 * The signals of a process that runs a program in the foreground: they are the program's. What the terminal sends
 * reaches the program by itself, since it is in our group; everything else is handed on, once.
 */

import { signalProcess } from '../process/signal.js'
import { readStat } from '../process/stat.js'
import { type ControllingTerminal, controllingTerminal } from '../process/terminal.js'
import type { OwnedRun } from '../runs/owner.js'

/** How often is looked whether the program stopped itself, in ms: Node does not tell (waitpid(2), WUNTRACED). */
const STOP_LOOK_MS = 200
/** As a shell reports the end by SIGINT of a program that it cannot see. */
const INTERRUPTED_CODE = 130

export class ForegroundSignals {
  readonly #terminal: ControllingTerminal | null
  readonly #installed: (readonly [NodeJS.Signals, () => void])[] = []
  #run: OwnedRun | null = null
  #has_exited = false
  #interrupted = false
  #resuming = false
  #stop_looks: NodeJS.Timeout | undefined

  /** @param terminal the one that we share with the program; null where the program has a session of its own */
  constructor(terminal: ControllingTerminal | null) {
    this.#terminal = terminal
  }

  /** Before the run is claimed: from then on anybody may ask, and the default of most signals is the end. */
  install(): void {
    // It stays: who read the records a moment before the end was there still asks, and the default is to die of it.
    process.on('SIGUSR2', () => this.#asked())
    this.#on('SIGUSR1', () => this.#run?.forward('SIGUSR1'))
    this.#on('SIGQUIT', () => {
      if (!this.#terminal) this.#run?.forward('SIGQUIT')
    })
    this.#on('SIGCONT', () => this.#continued())
  }

  /** The run that the signals mean. */
  tell(run: OwnedRun): void {
    this.#run = run
    void run.exited.then(({ exit_code, signal }) => {
      this.#has_exited = true
      clearInterval(this.#stop_looks)
      // Somebody typed Ctrl-C and the program went by it: who wanted it gone wants nothing of it left.
      if (this.#interrupted && (signal === 'SIGINT' || exit_code === INTERRUPTED_CODE))
        run.stop('parent_signal')
    })
    if (!this.#terminal) return
    this.#stop_looks = setInterval(() => this.#stopWithProgram(run), STOP_LOOK_MS)
    this.#stop_looks.unref()
  }

  /** TERM, HUP or INT has come. */
  got(signal: NodeJS.Signals): void {
    if (!this.#terminal || this.#has_exited) this.#run?.forward(signal)
    else if (signal === 'SIGINT') this.#interrupted = true
    // A terminal that hung up is nobody's any more, and its foreground group has been told; a leader alone.
    else if (signal === 'SIGHUP' && !this.#terminal.is_session_leader && controllingTerminal() === null)
      this.#run?.dismissed()
    else this.#run?.forward(signal)
  }

  release(): void {
    clearInterval(this.#stop_looks)
    this.#run = null
    for (const [signal, listener] of this.#installed) process.off(signal, listener)
  }

  #on(signal: NodeJS.Signals, listener: () => void): void {
    process.on(signal, listener)
    this.#installed.push([signal, listener])
  }

  /** It says that a question lies in the run's directory; where none does, it is the program's. */
  #asked(): void {
    this.#run?.ask()
    if (this.#run?.stop_cause === null) this.#run.forward('SIGUSR2')
  }

  /** A program that stops itself alone leaves a shell that waits for us: it gets its terminal back when we stop, too. */
  #stopWithProgram({ main }: OwnedRun): void {
    // Timers that came due while we were stopped run before the signal that let us go on.
    if (this.#resuming) {
      this.#resuming = false
      return
    }
    if (readStat(main.pid)?.state !== 'T') return
    this.#resuming = true
    // Not SIGSTOP: where no shell is left to continue us, the kernel discards this one (setpgid(2), orphaned groups).
    process.kill(process.pid, 'SIGTSTP')
  }

  /** A shell continues its job's group; a program with a group of its own, such as a shell, is not in it. */
  #continued(): void {
    if (!this.#run || this.#has_exited) return
    if (readStat(this.#run.main.pid)?.state === 'T') signalProcess(this.#run.main, 'SIGCONT')
  }
}

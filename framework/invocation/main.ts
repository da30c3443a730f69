/** A tool as a process: the real streams, the signals, and the end. */
import { pathToFileURL } from 'node:url'
import { resolveCommand } from '../argv/resolve.js'
import { keepCode } from '../compiled-code/keep-code.js'
import { globalFlags } from '../contract/global-flags.js'
import type { ToolIdentity } from '../contract/registry.js'
import { leaveClosedTerminals } from '../process/terminals-at-exit.js'
import { callTool } from './call.js'
import {
  manifestTarget,
  openSource,
  type ToolDefinition,
  type ToolOptions,
  toolIdentity,
} from './definition.js'
import { Interruption, SIGNAL_EXIT_CODES, type TerminalSignal } from './interruption.js'
import { LoadingFaults } from './loading-faults.js'
import { divertStrayOutput, processIo, stderrFlushed } from './process-io.js'

/** How long a second SIGINT leaves for KILL and the answer, in milliseconds. */
const FORCED_EXIT_MS = 500

/** Answers the call that this process is, and exits with its code. */
export async function runMain(
  definition: ToolDefinition,
  options: ToolOptions,
  argv: readonly string[] = process.argv.slice(2),
): Promise<never> {
  const { PAGER, GIT_PAGER } = process.env
  // For everything that this process starts, by whatever library: nobody is there to page through output (REQ-F-010).
  process.env['PAGER'] = 'cat'
  process.env['GIT_PAGER'] = 'cat'
  const tool = toolIdentity(definition)
  // The real one, whatever lies over it when the call has ended.
  const exit: (code: number) => never = process.exit.bind(process)
  leaveClosedTerminals()
  const interruption = new Interruption()
  const signals = new Signals(interruption, exit)
  const io = processIo({ PAGER, GIT_PAGER })
  const loading = new LoadingFaults()
  let is_usual = false
  const exit_code = await callTool({
    tool,
    source: () => openSource(definition, options, isCompiling(tool, argv)),
    argv,
    io,
    interruption,
    strict: false,
    whole_process: true,
    manifest_target: () => manifestTarget(definition, io.entry === null ? null : pathToFileURL(io.entry)),
    broken: loading.happened,
    executing(compiled) {
      loading.release()
      is_usual = compiled
    },
    answering() {
      loading.release()
      signals.exitAtOnce()
    },
    answered: () => signals.ignore(),
    divert: divertStrayOutput,
  }).finally(() => loading.release())
  await stderrFlushed()
  // Of any other call V8 has compiled what most calls do not need.
  if (is_usual && exit_code === 0) keepCode()
  return exit(exit_code)
}

/** `manifest --write` makes the manifest new, so it must not depend on an old one. */
function isCompiling({ name, prefix }: ToolIdentity, argv: readonly string[]): boolean {
  if (!argv.includes('--write')) return false
  const globals = globalFlags(prefix)
  const named = resolveCommand({ tool: name, argv, paths: ['manifest'], aliases: new Map(), globals })
  return named.kind === 'command'
}

class Signals {
  readonly #interruption: Interruption
  readonly #exit: (code: number) => never
  #at_once = false

  constructor(interruption: Interruption, exit: (code: number) => never) {
    this.#interruption = interruption
    this.#exit = exit
    for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) process.on(signal, () => this.#got(signal))
  }

  /** The answer is being written: a reader that stopped reading must not make us immortal. */
  exitAtOnce(): void {
    this.#at_once = true
  }

  /** The caller has its answer: what comes now must not contradict it. */
  ignore(): void {
    for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) {
      process.removeAllListeners(signal)
      process.on(signal, () => {})
    }
  }

  #got(signal: TerminalSignal): void {
    if (this.#at_once) this.#exit(SIGNAL_EXIT_CODES[signal])
    if (this.#interruption.cut && signal === 'SIGINT') {
      this.#interruption.forced.abort()
      setTimeout(() => this.#exit(SIGNAL_EXIT_CODES.SIGINT), FORCED_EXIT_MS)
    }
    this.#interruption.interrupt({ kind: 'signal', signal })
  }
}

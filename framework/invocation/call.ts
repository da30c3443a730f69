/** One invocation, from argv to exit code; its phases in the order of the design. */
import type { ResponseEnvelope } from '../../schemas/generated/types.js'
import { type ParsedArguments, parseArguments } from '../argv/parse.js'
import { type ResolveRequest, resolveCommand } from '../argv/resolve.js'
import { effectiveFlags } from '../contract/brought-flags.js'
import { EXCLUSIVE_GLOBALS, type GlobalValues, globalFlags, readGlobals } from '../contract/global-flags.js'
import { RegistrationError } from '../contract/registration-error.js'
import { renderJson } from '../output/render.js'
import { sanitizeText } from '../output/sanitize.js'
import { monotonicMs, timestamp } from '../process/clock.js'
import { newRequestId } from '../store/ids.js'
import {
  type CallMeta,
  envelopeOf,
  inFormat,
  MAX_STRAY,
  unsayable,
  unwritable,
  writeAnswer,
} from './answer.js'
import { type CallFacts, stateOnDemand } from './call-facts.js'
import type { CallRequest } from './call-request.js'
import { confirmationOf, confirmed } from './confirmation.js'
import { type Executed, execute } from './execute.js'
import { FrameworkExit } from './framework-exit.js'
import { cutOutcome, SIGNAL_EXIT_CODES } from './interruption.js'
import { ReaderGone, TerminalGone } from './io.js'
import { failure, refused, success } from './outcome.js'
import { OwnedStdout } from './owned-stdout.js'
import { type PureAnswer, pureAnswer } from './pure-answers.js'
import { formatOf, guessFormat, stderrAnswer, timeoutOf, type Verbosity, verbosityOf } from './settings.js'
import type { CommandSource, DescribedCommand } from './source.js'
import { runnableFix } from './spelled-command.js'
import type { StderrAnswer } from './stderr-answer.js'
import { faultsOf } from './validation.js'

/** @returns the exit code; everything has been written, and every process of the call accounted for */
export async function callTool(request: CallRequest): Promise<number> {
  const call = new Call(request)
  const prepared = await call.prepare()
  return call.answer(prepared)
}

/** What is to be answered, and what hangs on whether the answer arrives. */
interface Prepared extends PureAnswer {
  readonly executed: Executed | null
}

class Call {
  readonly #request: CallRequest
  readonly #started_at = timestamp()
  readonly #started_ms = monotonicMs()
  readonly #request_id = newRequestId()
  #command = ''
  #schema_version = '1.0'
  #timeout_ms = 0
  #cwd: string
  #globals: GlobalValues | null = null
  #stdout: OwnedStdout | null = null
  #stderr_answer: StderrAnswer | null = null
  #stray = ''
  #executing = false
  #broken = false

  constructor(request: CallRequest) {
    this.#request = request
    this.#cwd = request.io.cwd
  }

  async prepare(): Promise<Prepared> {
    this.#request.divert?.(text => {
      if (this.#stray.length < MAX_STRAY) this.#stray += text.slice(0, MAX_STRAY)
    })
    const prepared = this.#prepare().catch(
      (error: unknown): Prepared => ({ outcome: failure(error, 'validation'), executed: null }),
    )
    const broken = this.#request.broken?.then((thrown): Prepared => {
      this.#broken = true
      return { outcome: failure(thrown, 'validation'), executed: null }
    })
    const cut = this.#request.interruption.happened.then(
      // A handler that runs is torn down before the call is answered; before it there is nothing to tear down.
      (cut): Prepared | Promise<Prepared> =>
        this.#executing ? prepared : { outcome: cutOutcome(cut, null), executed: null },
    )
    return Promise.race([prepared, cut, ...(broken ? [broken] : [])])
  }

  async #prepare(): Promise<Prepared> {
    const { tool, argv, io } = this.#request
    const source = await this.#source()
    if ('outcome' in source) return source
    const request: ResolveRequest = {
      tool: tool.name,
      argv,
      paths: source.paths,
      aliases: source.aliases,
      globals: globalFlags(tool.prefix),
    }
    const resolution = resolveCommand(request)
    if (resolution.kind !== 'command') {
      const parsed = this.#parse(NO_COMMAND, resolution.rest)
      const globals = this.#read(parsed)
      const pure = (group: string, asked = globals) =>
        pureAnswer({ source, path: null, group, globals: asked, io })
      if (resolution.kind === 'unknown') {
        const version = globals.version ? await pure('') : null
        if (version) return { ...version, executed: null }
        const { unknownCommand } = await import('./unknown-command.js')
        return { outcome: await unknownCommand(source, request, resolution), executed: null }
      }
      const group = resolution.kind === 'group' ? resolution.prefix : ''
      const answer = await pure(group)
      if (answer) return { ...answer, executed: null }
      // A bare call shows what there is, whatever the environment holds (REQ-F-068).
      if (argv.length > 0 && parsed.errors.length > 0)
        return { outcome: refused(parsed.errors), executed: null }
      if (group !== '') {
        const { incompleteCommand } = await import('./unknown-command.js')
        return { outcome: await incompleteCommand(source, request, group), executed: null }
      }
      const help = await pure('', { ...globals, help: true })
      return { ...(help ?? { outcome: success(null) }), executed: null }
    }
    this.#command = resolution.path
    const described = await source.describe(resolution.path)
    this.#schema_version = described.contract.schema_version ?? '1.0'
    const contract = { ...described.contract, flags: effectiveFlags(described.contract) }
    const parsed = this.#parse(contract, resolution.rest)
    const globals = this.#read(parsed)
    const pure = await pureAnswer({ source, path: resolution.path, group: '', globals, io })
    if (pure) return { ...pure, executed: null }
    return this.#execute(source, described, parsed, globals)
  }

  async #source(): Promise<CommandSource | Prepared> {
    try {
      return await this.#request.source()
    } catch (error) {
      if (!(error instanceof RegistrationError)) throw error
      const refusal = new FrameworkExit('GENERAL_ERROR', 'REGISTRATION_REFUSED', error.message, {
        context: { violations: error.violations.map(violation => ({ ...violation })) },
        fix_required: 'mend the contracts; each violation names its place and its fix',
      })
      return { outcome: failure(refusal, 'validation'), executed: null }
    }
  }

  #parse(
    contract: Parameters<typeof parseArguments>[0]['contract'],
    rest: readonly string[],
  ): ParsedArguments {
    const { tool, io } = this.#request
    const parsed = parseArguments({
      tool: tool.name,
      contract,
      globals: globalFlags(tool.prefix),
      exclusive: EXCLUSIVE_GLOBALS,
      argv: rest,
      env: io.env,
      cwd: io.cwd,
    })
    this.#globals = readGlobals(parsed.globals)
    return parsed
  }

  #read(parsed: ParsedArguments): GlobalValues {
    const globals = readGlobals(parsed.globals)
    this.#globals = globals
    if (globals.cwd !== null) this.#cwd = globals.cwd
    return globals
  }

  async #execute(
    source: CommandSource,
    described: DescribedCommand,
    parsed: ParsedArguments,
    globals: GlobalValues,
  ): Promise<Prepared> {
    const { interruption, io, strict, whole_process, manifest_target, tool } = this.#request
    this.#stderr_answer = stderrAnswer(described.contract, globals, this.#request)
    this.#timeout_ms = timeoutOf(described.contract, globals)
    const command = await source.load(this.#command)
    const faults = await faultsOf({ tool, io, cwd: this.#cwd, described, command, parsed })
    if (faults.length > 0) return { outcome: refused(faults), executed: null }

    interruption.limit(this.#timeout_ms, described.contract.exit_codes['TIMEOUT']?.retryable === true)
    if (interruption.cut) return { outcome: cutOutcome(interruption.cut, null), executed: null }
    // Answered already: nothing may run any more.
    if (this.#broken) return new Promise(() => {})
    this.#executing = true
    this.#request.executing?.(source.compiled)
    const facts = this.#facts(globals)
    const confirmation = confirmationOf(described.contract, parsed.args)
    this.#stdout = new OwnedStdout(io, formatOf(globals, tool, io))
    const executed = await execute({
      facts,
      stdout: this.#stdout,
      stderr_answer: this.#stderr_answer,
      described,
      command,
      args: confirmation === 'missing' ? { ...parsed.args, 'dry-run': true } : parsed.args,
      given: parsed.present,
      interruption,
      verbosity: verbosityOf(globals, io),
      strict,
      whole_process,
      internals: {
        source,
        manifest_target,
      },
      call: async (inner, answered) =>
        (await import('./call-inside.js')).callInside({ source, facts, interruption, answered }, inner),
    })
    interruption.settle()
    return { outcome: confirmed(executed.outcome, confirmation, described.contract), executed }
  }

  #facts(globals: GlobalValues): CallFacts {
    const { tool, io } = this.#request
    return {
      tool,
      command: this.#command,
      request_id: this.#request_id,
      trace_id: io.env['TOOL_TRACE_ID'] || null,
      session_id: globals.session ?? this.#request_id,
      session_given: globals.session !== null,
      stop_cause: 'user',
      cwd: this.#cwd,
      io,
      state: stateOnDemand(tool, io.env),
    }
  }

  async answer({ outcome: ended, executed, text }: Prepared): Promise<number> {
    const { tool, argv, io } = this.#request
    const globals = this.#globals
    const format = globals ? formatOf(globals, tool, io) : guessFormat(argv, tool, io)
    const outcome = inFormat(runnableFix(ended, this.#request), format)
    const verbosity: Verbosity = globals ? verbosityOf(globals, io) : 'errors'
    const meta: CallMeta = {
      tool,
      request_id: this.#request_id,
      trace_id: io.env['TOOL_TRACE_ID'] || null,
      command: this.#command,
      schema_version: this.#schema_version,
      timeout_ms: this.#timeout_ms,
      cwd: this.#cwd,
      started_at: this.#started_at,
      started_ms: this.#started_ms,
    }
    const begin = () => this.#request.answering?.()
    const stream = this.#stderr_answer ?? (this.#stdout?.is_taken ? this.#stdout : null)
    if (outcome.trace && !stream?.is_reader_gone && verbosity !== 'quiet')
      io.write_stderr(`${sanitizeText(outcome.trace)}\n`)
    let envelope: ResponseEnvelope
    try {
      envelope = envelopeOf(outcome, meta, this.#stray)
    } catch (error) {
      await executed?.withdraw()
      envelope = envelopeOf(unsayable(error), meta, this.#stray)
    }
    try {
      if (stream) {
        begin()
        await stream.end(envelope, verbosity)
      } else if (text && format === 'human') {
        begin()
        await io.write_stdout(text.content)
      } else {
        if (text?.off_terminal === 'stderr') io.write_stderr(text.content)
        await writeAnswer(envelope, format, verbosity, io, begin, outcome)
      }
      this.#request.answered?.()
    } catch (error) {
      await executed?.withdraw()
      // Silently, as after SIGPIPE (REQ-F-014), unless a signal ended the call: of a terminal's end both come.
      if (error instanceof ReaderGone) {
        if (this.#request.interruption.cut?.kind === 'signal') return envelope.meta.exit_code
        return error instanceof TerminalGone ? SIGNAL_EXIT_CODES.SIGHUP : 0
      }
      const unwritten = unwritable(error)
      io.write_stderr(renderJson(envelopeOf(unwritten, meta, '')))
      return unwritten.exit_code
    }
    await executed?.confirm()
    return envelope.meta.exit_code
  }
}

const NO_COMMAND = { name: '', flags: {} }

/** One invocation, from argv to exit code; its phases in the order of the design. */
import { statSync } from 'node:fs'
import type { ArgumentFault } from '../argv/faults.js'
import { type ParsedArguments, parseArguments } from '../argv/parse.js'
import { resolveCommand } from '../argv/resolve.js'
import { effectiveFlags } from '../contract/brought-flags.js'
import { EXCLUSIVE_GLOBALS, type GlobalValues, globalFlags, readGlobals } from '../contract/global-flags.js'
import { RegistrationError } from '../contract/registration-error.js'
import type { ToolIdentity } from '../contract/registry.js'
import { monotonicMs } from '../process/clock.js'
import { assertPlatform } from '../process/platform.js'
import { newRequestId } from '../store/ids.js'
import { openStateRoot, type StateRoot, stateRootPath, stateRootVariable } from '../store/state-root.js'
import { type CallMeta, envelopeOf, writeAnswer } from './answer.js'
import type { CallFacts } from './call-facts.js'
import { confirmationOf, confirmed } from './confirmation.js'
import { type Executed, execute } from './execute.js'
import { FrameworkExit } from './framework-exit.js'
import { attachTool } from './internals.js'
import { cutOutcome, type Interruption } from './interruption.js'
import { type Io, ReaderGone } from './io.js'
import { failure, type Outcome, refused, success } from './outcome.js'
import { type PureAnswer, pureAnswer } from './pure-answers.js'
import { formatOf, guessFormat, type Verbosity, verbosityOf } from './settings.js'
import type { CommandSource, DescribedCommand } from './source.js'

/** The limit of a call where neither `--timeout` nor the contract says otherwise, in milliseconds (REQ-F-011). */
const DEFAULT_TIMEOUT_MS = 300_000

export interface CallRequest {
  readonly tool: ToolIdentity
  source(): Promise<CommandSource>
  readonly argv: readonly string[]
  readonly io: Io
  readonly interruption: Interruption
  readonly strict: boolean
  readonly manifest_target: URL | null
  /** Told when the answer begins to be written: from then on a signal ends the process at once. */
  answering?(): void
  /** Keeps a handler's own writes off stdout; told each, answers with what puts stdout back. */
  divert?(noticed: (text: string) => void): () => void
}

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
  readonly #started_ms = monotonicMs()
  readonly #request_id = newRequestId()
  #command = ''
  #schema_version = '1.0'
  #timeout_ms = 0
  #cwd: string
  #globals: GlobalValues | null = null

  constructor(request: CallRequest) {
    this.#request = request
    this.#cwd = request.io.cwd
  }

  async prepare(): Promise<Prepared> {
    try {
      return await this.#prepare()
    } catch (error) {
      return { outcome: failure(error, 'validation'), executed: null }
    }
  }

  async #prepare(): Promise<Prepared> {
    const { tool, argv, io } = this.#request
    const source = await this.#source()
    if ('outcome' in source) return source
    const resolution = resolveCommand({
      tool: tool.name,
      argv,
      paths: source.paths,
      aliases: source.aliases,
      globals: globalFlags(tool.prefix),
    })
    if (resolution.kind !== 'command') {
      const parsed = this.#parse(NO_COMMAND, resolution.rest)
      const group = resolution.kind === 'group' ? resolution.prefix : ''
      const pure = await pureAnswer({ source, path: null, group, globals: readGlobals(parsed.globals), io })
      if (pure) return { ...pure, executed: null }
      if (resolution.kind === 'unknown') return { outcome: unknownCommand(resolution), executed: null }
      if (parsed.errors.length > 0) return { outcome: refused(parsed.errors), executed: null }
      if (resolution.kind === 'group')
        return { outcome: incomplete(source, resolution.prefix, tool), executed: null }
      // A bare call shows what there is (REQ-F-068).
      const help = await pureAnswer({
        source,
        path: null,
        group: '',
        globals: { ...this.#read(parsed), help: true },
        io,
      })
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
    const { interruption, io, strict, manifest_target } = this.#request
    const command = await source.load(this.#command)
    const validation = { cwd: this.#cwd, env: io.env }
    attachTool(validation, { tool: this.#request.tool, io })
    const errors: ArgumentFault[] = [...parsed.errors, ...missingCwd(globals)]
    for (const { field, param, value } of parsed.schema_checks) {
      for (const problem of await described.check_flag(field, value))
        errors.push({ field, param, code: 'ARG_ERROR', message: `${param}: ${problem}` })
    }
    // A command's own check may rely on declared types, so it runs once these hold.
    if (errors.length === 0) {
      for (const { param, message } of command.validate?.(parsed.args, validation) ?? [])
        errors.push({ field: param, param: paramName(described, param), code: 'ARG_ERROR', message })
    }
    if (errors.length > 0) return { outcome: refused(errors), executed: null }

    const declared = described.contract.timeout_seconds
    this.#timeout_ms = globals.timeout_ms ?? (declared === undefined ? DEFAULT_TIMEOUT_MS : declared * 1_000)
    interruption.limit(this.#timeout_ms)
    if (interruption.cut) return { outcome: cutOutcome(interruption.cut, null), executed: null }
    const facts = this.#facts(globals)
    const stray: string[] = []
    const restore = this.#request.divert?.(text => stray.push(text))
    const confirmation = confirmationOf(described.contract, parsed.args)
    const executed = await execute({
      facts,
      described,
      command,
      args: confirmation === 'missing' ? { ...parsed.args, 'dry-run': true } : parsed.args,
      interruption,
      verbosity: verbosityOf(globals, io),
      strict,
      internals: {
        source,
        manifest_target,
        call: inner => callInside(source, facts, inner, interruption),
      },
    })
    interruption.settle()
    restore?.()
    const outcome = confirmed(executed.outcome, confirmation, described.contract)
    return { outcome: { ...outcome, warnings: [...outcome.warnings, ...strayWarnings(stray)] }, executed }
  }

  #facts(globals: GlobalValues): CallFacts {
    const { tool, io } = this.#request
    let state: StateRoot | null = null
    return {
      tool,
      command: this.#command,
      request_id: this.#request_id,
      trace_id: io.env['TOOL_TRACE_ID'] || null,
      session_id: globals.session ?? this.#request_id,
      session_given: globals.session !== null,
      cwd: this.#cwd,
      io,
      state() {
        if (state) return state
        assertPlatform()
        state = openStateRoot(stateRootPath(tool, io.env), stateRootVariable(tool))
        return state
      },
    }
  }

  async answer({ outcome, executed, text }: Prepared): Promise<number> {
    const { tool, argv, io } = this.#request
    const globals = this.#globals
    const format = globals ? formatOf(globals, tool, io) : guessFormat(argv, tool, io)
    const verbosity: Verbosity = globals ? verbosityOf(globals, io) : 'errors'
    const meta: CallMeta = {
      tool,
      request_id: this.#request_id,
      trace_id: io.env['TOOL_TRACE_ID'] || null,
      command: this.#command,
      schema_version: this.#schema_version,
      timeout_ms: this.#timeout_ms,
      cwd: this.#cwd,
      started_ms: this.#started_ms,
    }
    this.#request.answering?.()
    try {
      if (text && format === 'human') await io.write_stdout(text.content)
      else {
        if (text?.off_terminal === 'stderr') io.write_stderr(text.content)
        await writeAnswer(envelopeOf(outcome, meta), format, verbosity, io)
      }
    } catch (error) {
      await executed?.withdraw()
      if (error instanceof ReaderGone) return 0
      throw error
    }
    await executed?.confirm()
    return outcome.exit_code
  }
}

const NO_COMMAND = { name: '', flags: {} }

/** Another command line of the same tool, executed as part of this call: a context of its own, the caller's process. */
async function callInside(
  source: CommandSource,
  outer: CallFacts,
  argv: readonly string[],
  interruption: Interruption,
): Promise<Outcome> {
  const { tool, io } = outer
  const globals = globalFlags(tool.prefix)
  const resolution = resolveCommand({
    tool: tool.name,
    argv,
    paths: source.paths,
    aliases: source.aliases,
    globals,
  })
  if (resolution.kind !== 'command') {
    const words = JSON.stringify(argv)
    return failure(
      new FrameworkExit('ARG_ERROR', 'UNKNOWN_COMMAND', `${words} names no command`),
      'validation',
    )
  }
  const { path, rest } = resolution
  const described = await source.describe(path)
  const contract = { ...described.contract, flags: effectiveFlags(described.contract) }
  const parsed = parseArguments({
    tool: tool.name,
    contract,
    globals,
    argv: rest,
    env: io.env,
    cwd: outer.cwd,
  })
  if (parsed.errors.length > 0) return refused(parsed.errors)
  const session = readGlobals(parsed.globals).session
  const facts = {
    ...outer,
    command: path,
    ...(session === null ? {} : { session_id: session, session_given: true }),
  }
  const executed = await execute({
    facts,
    described,
    command: await source.load(path),
    args: parsed.args,
    interruption,
    verbosity: 'quiet',
    strict: false,
    internals: {
      source,
      manifest_target: null,
      call: inner => callInside(source, facts, inner, interruption),
    },
  })
  await executed.confirm()
  return executed.outcome
}

/** What a handler wrote to stdout itself went to stderr; the answer says so (REQ-F-006). */
function strayWarnings(stray: readonly string[]): Outcome['warnings'] {
  if (stray.length === 0) return []
  const text = stray.join('').slice(0, 1_000)
  return [
    {
      code: 'THIRD_PARTY_STDOUT',
      message: 'the command wrote to stdout itself; it went to stderr',
      context: { text },
    },
  ]
}

function missingCwd(globals: GlobalValues): ArgumentFault[] {
  if (globals.cwd === null || statSync(globals.cwd, { throwIfNoEntry: false })?.isDirectory()) return []
  return [
    {
      field: 'cwd',
      param: '--cwd',
      code: 'ARG_ERROR',
      message: `--cwd: there is no directory ${globals.cwd}`,
      value: globals.cwd,
    },
  ]
}

const paramName = (described: DescribedCommand, param: string): string =>
  Object.hasOwn(described.contract.flags, param) ? `--${param}` : param

function unknownCommand(resolution: {
  readonly words: readonly string[]
  readonly message: string
  readonly suggestions: readonly string[]
}): Outcome {
  const [suggestion] = resolution.suggestions
  const outcome = failure(
    new FrameworkExit('ARG_ERROR', 'UNKNOWN_COMMAND', resolution.message, {
      context: { words: [...resolution.words], suggestions: [...resolution.suggestions] },
      fix_required: 'name a command of this tool',
      ...(suggestion === undefined ? {} : { suggestion }),
    }),
    'validation',
  )
  return outcome
}

function incomplete(source: CommandSource, prefix: string, tool: ToolIdentity): Outcome {
  const continued = source.paths
    .filter(path => path.startsWith(`${prefix} `))
    .map(path => `${tool.name} ${path}`)
  const [suggestion] = continued
  return failure(
    new FrameworkExit('ARG_ERROR', 'UNKNOWN_COMMAND', `${prefix} is a group of commands; name one of them`, {
      context: { suggestions: continued },
      fix_required: 'name a command of the group',
      ...(suggestion === undefined ? {} : { suggestion }),
    }),
    'validation',
  )
}

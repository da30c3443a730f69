/** A tool: its definition made callable, for a process of its own (`main`) and for embedding (`call`). */
import type { ManifestResponse, ResponseEnvelope } from '../../schemas/generated/types.js'
import type { Violation } from '../contract/violation.js'
import { callTool } from './call.js'
import {
  manifestTarget,
  openSource,
  type ToolDefinition,
  type ToolOptions,
  toolIdentity,
} from './definition.js'
import { Interruption } from './interruption.js'
import type { Io } from './io.js'
import { runMain } from './main.js'
import type { CommandSource } from './source.js'

/** What an embedded call answered. */
export interface CallResult {
  readonly exit_code: number
  /** Null where the format asked for is not JSON. */
  readonly envelope: ResponseEnvelope | null
  readonly stdout: string
  readonly stderr: string
}

/** The parts of a process that an embedder sets; everything else is a process without terminal and environment. */
export type CallIo = Partial<
  Pick<Io, 'env' | 'cwd' | 'stdin_is_tty' | 'stdout_is_tty' | 'stderr_is_tty' | 'width'>
>

export interface Tool {
  readonly name: string
  readonly version: string
  /** Accepted, but worth a look. */
  readonly warnings: readonly Violation[]
  /** Answers one call as this process, and exits. @param argv without node and script */
  main(argv?: readonly string[]): Promise<never>
  /** Answers one call within this process; installs no signal handler and exits nothing. */
  call(argv: readonly string[], io?: CallIo): Promise<CallResult>
  manifest(): Promise<ManifestResponse>
}

/** @throws RegistrationError where a tool without a compiled manifest has a contract that is refused */
export async function makeTool(definition: ToolDefinition, options: ToolOptions): Promise<Tool> {
  const source = await openSource(definition, options)
  return {
    name: definition.name,
    version: definition.version,
    warnings: source.warnings,
    main: argv => runMain(definition, options, argv),
    call: (argv, io) => embeddedCall(definition, options, source, argv, io),
    manifest: async () => JSON.parse(await source.response_json()),
  }
}

async function embeddedCall(
  definition: ToolDefinition,
  options: ToolOptions,
  source: CommandSource,
  argv: readonly string[],
  io: CallIo = {},
): Promise<CallResult> {
  let stdout = ''
  let stderr = ''
  const decoder = new TextDecoder()
  const stderr_decoder = new TextDecoder()
  const exit_code = await callTool({
    tool: toolIdentity(definition),
    source: async () => source,
    argv,
    io: {
      env: {},
      cwd: process.cwd(),
      entry: null,
      stdin_is_tty: false,
      stdout_is_tty: false,
      stderr_is_tty: false,
      width: 0,
      ...io,
      stdout_descriptor: null,
      write_stdout: async text => {
        stdout += text
      },
      stream_stdout: async bytes => {
        stdout += decoder.decode(bytes, { stream: true })
      },
      write_stderr: text => {
        stderr += text
      },
      stream_stderr: async bytes => {
        stderr += stderr_decoder.decode(bytes, { stream: true })
      },
    },
    interruption: new Interruption(),
    strict: options.strict === true,
    whole_process: false,
    manifest_target: () => manifestTarget(definition, null),
  })
  return { exit_code, envelope: parsed(stdout), stdout, stderr }
}

function parsed(stdout: string): ResponseEnvelope | null {
  try {
    return JSON.parse(stdout)
  } catch {
    return null
  }
}

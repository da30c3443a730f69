/** Answers that follow from the contracts alone: nothing is read or written, no handler's module runs (REQ-F-068). */
import type { ArgumentFault } from '../argv/faults.js'
import type { GlobalValues } from '../contract/global-flags.js'
import type { Io } from './io.js'
import { type Outcome, refused, success } from './outcome.js'
import { type CommandSource, shownRegistry } from './source.js'

export interface PureRequest {
  readonly source: CommandSource
  /** Null for the tool itself. */
  readonly path: string | null
  /** The words of an incomplete path; empty for none. */
  readonly group: string
  readonly globals: GlobalValues
  readonly io: Io
}

/** An outcome that people read as a text of its own instead of an envelope. */
export interface PureAnswer {
  readonly outcome: Outcome
  readonly text?: { readonly content: string; readonly off_terminal: 'stderr' | 'nowhere' }
}

/** @returns null where the call asks for none of them */
export async function pureAnswer(request: PureRequest): Promise<PureAnswer | null> {
  const { globals, source, path } = request
  if (globals.help) return help(request)
  if (globals.version) {
    const { name, version } = source.tool
    return { outcome: success({ name, version }), text: { content: `${version}\n`, off_terminal: 'nowhere' } }
  }
  if (globals.schema) {
    if (path === null) return { outcome: { ...success({}), data_json: await source.response_json() } }
    const { commandSchema } = await import('../../manifest/schema.js')
    return { outcome: success({ ...commandSchema(await registryOf(source, path), path) }) }
  }
  if (globals.output_schema) {
    if (path === null) return { outcome: refused([needsCommand(source.tool.name)]) }
    const { outputSchema } = await import('../../manifest/schema.js')
    return { outcome: success({ ...outputSchema(await registryOf(source, path), path) }) }
  }
  return null
}

const needsCommand = (tool: string): ArgumentFault => ({
  field: 'output-schema',
  param: '--output-schema',
  code: 'ARG_ERROR',
  message: '--output-schema shows the answer of one command, and none is named',
  suggestion: `${tool} manifest --output-schema`,
})

/** Help goes to stdout for people; off a terminal it goes to stderr and stdout keeps its envelope (REQ-F-048). */
async function help({ source, path, group, io }: PureRequest): Promise<PureAnswer> {
  const { renderHelp } = await import('../../manifest/help.js')
  const text = await renderHelp(shownRegistry(await source.registry()), { path, group, width: io.width })
  const command = [source.tool.name, path ?? group].filter(part => part !== '').join(' ')
  return {
    outcome: success(null, { help: true, schema_ref: `${command} --schema` }),
    text: { content: text, off_terminal: 'stderr' },
  }
}

async function registryOf(source: CommandSource, path: string) {
  return shownRegistry({ tool: source.tool, commands: new Map([[path, await source.describe(path)]]) })
}

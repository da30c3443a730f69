/** The public face: what a command file needs, and `createTool` and `runTool` with the built-in commands mounted. */
import { BUILTINS } from '../commands/builtin/index.js'
import { FRAMEWORK_VERSION } from '../manifest/framework-version.js'
import type { ToolDefinition } from './invocation/definition.js'
import { runMain } from './invocation/main.js'
import type { Tool } from './invocation/tool.js'

export * from './author.js'
export type { CompiledManifest } from './contract/compiled.js'
export { RegistrationError } from './contract/registration-error.js'
export type { Violation } from './contract/violation.js'
export type { ToolDefinition } from './invocation/definition.js'
export type { CommandModule, CommandRoutes, Commands } from './invocation/source.js'
export type { CallIo, CallResult, Tool } from './invocation/tool.js'

const OPTIONS = { builtins: BUILTINS, framework_version: FRAMEWORK_VERSION }

/**
 * Makes a tool for tests and embedding.
 * @throws RegistrationError with every violation of every contract
 */
export const createTool = async (definition: ToolDefinition): Promise<Tool> =>
  (await import('./invocation/tool.js')).makeTool(definition, OPTIONS)

/** Answers the call that this process is, and exits: the whole entry of a tool. */
export const runTool = (definition: ToolDefinition): Promise<never> => runMain(definition, OPTIONS)

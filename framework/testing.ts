/** For authors' own tests: the same tool, which also fails a call that leaves an undeclared process behind. */
import { BUILTINS } from '../commands/builtin/index.js'
import { FRAMEWORK_VERSION } from '../manifest/framework-version.js'
import type { ToolDefinition } from './invocation/definition.js'
import type { Tool } from './invocation/tool.js'

export type { ToolDefinition } from './invocation/definition.js'
export type { CallIo, CallResult, Tool } from './invocation/tool.js'

/** @throws RegistrationError with every violation of every contract */
export const createTestTool = async (definition: ToolDefinition): Promise<Tool> =>
  (await import('./invocation/tool.js')).makeTool(definition, {
    builtins: BUILTINS,
    framework_version: FRAMEWORK_VERSION,
    strict: true,
  })

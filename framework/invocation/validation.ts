/** Phase 1 beyond parsing: everything that is wrong with the input, found before anything is done (REQ-F-015, REQ-C-006). */
import { statSync } from 'node:fs'
import { exampleOrHelp } from '../argv/correction.js'
import type { ArgumentFault } from '../argv/faults.js'
import type { ParsedArguments } from '../argv/request.js'
import { isSecretName } from '../argv/secret-names.js'
import { type GlobalValues, readGlobals } from '../contract/global-flags.js'
import type { ToolIdentity } from '../contract/registry.js'
import type { Command, ValidationContext } from './command.js'
import { FrameworkExit } from './framework-exit.js'
import { attachTool } from './internals.js'
import type { Io } from './io.js'
import type { DescribedCommand } from './source.js'

export interface Validation {
  readonly tool: ToolIdentity
  readonly io: Io
  /** Absolute; `--cwd` applied. */
  readonly cwd: string
  readonly described: DescribedCommand
  readonly command: Command
  readonly parsed: ParsedArguments
}

/**
 * Everything that is wrong with the input of a command: its form, its values, what its flags' schemas and its own
 * check say.
 * @throws FrameworkExit `VALIDATE_INVALID` where the command's check is none
 */
export async function faultsOf(validation: Validation): Promise<readonly ArgumentFault[]> {
  const { tool, described, parsed } = validation
  const faults = [...parsed.errors, ...missingCwd(readGlobals(parsed.globals))]
  for (const { field, param, value } of parsed.schema_checks) {
    for (const problem of await described.check_flag(field, value))
      faults.push({ field, param, code: 'ARG_ERROR', message: problem })
  }
  // A command's own check may rely on declared types, so it runs once these hold.
  if (faults.length === 0) faults.push(...ownFaults(validation))
  if (faults.length === 0) return faults
  const suggestion = exampleOrHelp(tool.name, described.contract)
  return faults.map(fault => ({ suggestion, ...fault }))
}

function ownFaults({ tool, io, cwd, described, command, parsed }: Validation): ArgumentFault[] {
  const context: ValidationContext = { cwd, env: io.env }
  attachTool(context, { tool, io })
  const found: unknown = command.validate?.(parsed.args, context) ?? []
  if (!Array.isArray(found) || !found.every(isArgumentError)) {
    throw new FrameworkExit(
      'GENERAL_ERROR',
      'VALIDATE_INVALID',
      `validate of ${described.contract.name} answered with no list of errors`,
      { fix_required: 'return [{ param, message }, …] or [], and not from an async function' },
    )
  }
  return found.map(({ param, message }) => ({
    field: param,
    param: Object.hasOwn(described.contract.flags, param) ? `--${param}` : param,
    code: 'ARG_ERROR',
    message,
    ...shown(param, parsed.args[param]),
  }))
}

function isArgumentError(found: unknown): found is { readonly param: string; readonly message: string } {
  if (typeof found !== 'object' || found === null) return false
  return (
    'param' in found &&
    typeof found.param === 'string' &&
    'message' in found &&
    typeof found.message === 'string'
  )
}

/** What was given, as text; nothing for a secret (REQ-F-034). */
function shown(param: string, value: unknown): { readonly value?: string } {
  if (value === undefined || isSecretName(param) || (Array.isArray(value) && value.length === 0)) return {}
  return { value: typeof value === 'string' ? value : JSON.stringify(value) }
}

function missingCwd({ cwd }: GlobalValues): ArgumentFault[] {
  if (cwd === null || statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) return []
  return [
    {
      field: 'cwd',
      param: '--cwd',
      code: 'ARG_ERROR',
      message: `--cwd: there is no directory ${cwd}`,
      value: cwd,
    },
  ]
}

/** Errors and warnings for people: what happened, and what to do about it. */
import type { ErrorDetail, ResponseEnvelope } from '../../schemas/generated/types.js'
import { escapeControls } from '../argv/quoted.js'
import type { Styles } from './color.js'
import { isFields, isList } from './list.js'

/** Lines for stderr; empty where there is nothing to say. */
export function messages(envelope: ResponseEnvelope, style: Styles): string {
  const warnings = envelope.warnings.map(
    ({ code, message }) =>
      `${style.yellow('warning:')} ${escapeControls(message)} ${style.dim(`[${escapeControls(code)}]`)}`,
  )
  const error = envelope.error === null ? [] : errorLines(envelope.error, style)
  return [...warnings, ...error].map(line => `${line}\n`).join('')
}

function errorLines(error: ErrorDetail, style: Styles): string[] {
  const faults = faultsOf(error)
  const code = style.dim(`[${escapeControls(error.code)}]`)
  const lines = [
    faults.length > 1
      ? `${style.red('error:')} ${faults.length} things are wrong with this call ${code}`
      : `${style.red('error:')} ${escapeControls(error.message)} ${code}`,
  ]
  if (faults.length > 1) lines.push(...faults.map(message => `  - ${escapeControls(message)}`))
  if (error.cause) lines.push(`  ${style.dim('cause:')} ${escapeControls(error.cause)}`)
  if (error.detail)
    lines.push(...error.detail.split('\n').map(line => `  ${style.dim('|')} ${escapeControls(line)}`))
  const fix = error.fix_command ?? error.suggestion ?? error.fix_required
  if (fix) lines.push(`  ${style.dim('fix:')} ${escapeControls(fix)}`)
  return lines
}

function faultsOf(error: ErrorDetail): string[] {
  const errors: unknown = error.errors
  if (!isList(errors)) return []
  return errors.flatMap(fault =>
    isFields(fault) && typeof fault['message'] === 'string' ? [fault['message']] : [],
  )
}

/** Errors and warnings for people: what happened, and what to do about it. */
import type { ErrorDetail, ResponseEnvelope } from '../../schemas/generated/types.js'
import { escapeControls } from '../argv/quoted.js'
import type { Styles } from './color.js'
import { isFields, isList } from './list.js'

/** Lines for stderr; empty where there is nothing to say. */
export function messages(
  envelope: { readonly warnings: ResponseEnvelope['warnings']; readonly error: ErrorDetail | null },
  style: Styles,
): string {
  const warnings = envelope.warnings.map(
    ({ code, message }) =>
      `${style.yellow('warning:')} ${escapeControls(message)} ${style.dim(`[${escapeControls(code)}]`)}`,
  )
  const error = envelope.error === null ? [] : errorLines(envelope.error, style)
  return [...warnings, ...error].map(line => `${line}\n`).join('')
}

function errorLines(error: ErrorDetail, style: Styles): string[] {
  const violations = violationLines(error)
  const faults = faultsOf(error)
  const code = style.dim(`[${escapeControls(error.code)}]`)
  const lines = [
    faults.length > 1
      ? `${style.red('error:')} ${faults.length} things are wrong with this call ${code}`
      : `${style.red('error:')} ${escapeControls(violations.length > 0 ? firstLine(error.message) : error.message)} ${code}`,
    ...violations,
  ]
  if (faults.length > 1) lines.push(...faults.map(message => `  - ${escapeControls(message)}`))
  if (error.cause) lines.push(`  ${style.dim('cause:')} ${escapeControls(error.cause)}`)
  const said = [...(error.detail ? error.detail.split('\n') : []), ...lastLines(error)]
  lines.push(...said.map(line => `  ${style.dim('|')} ${escapeControls(line)}`))
  const fix = error.fix_command ?? error.suggestion ?? error.fix_required
  if (fix) lines.push(`  ${style.dim('fix:')} ${escapeControls(fix)}`)
  return lines
}

/** What registration refused: where, why, and below it the fix. */
function violationLines({ context }: ErrorDetail): string[] {
  const violations: unknown = context?.['violations']
  if (!isList(violations)) return []
  return violations.filter(isFields).flatMap(violation => {
    const text = (name: string) => escapeControls(String(violation[name] ?? ''))
    const where = [text('command') || 'the tool', text('place')].filter(part => part !== '').join(': ')
    return [`  - ${where}: ${text('message')} [${text('code')}]`, `    ${text('fix')}`]
  })
}

const firstLine = (message: string): string => (message.split('\n')[0] ?? '').replace(/:$/, '')

/** The last lines of a program that failed tell more than we could. */
function lastLines({ context }: ErrorDetail): string[] {
  const lines: unknown = context?.['last_lines']
  return isList(lines) ? lines.filter(line => typeof line === 'string') : []
}

function faultsOf(error: ErrorDetail): string[] {
  const errors: unknown = error.errors
  if (!isList(errors)) return []
  return errors.flatMap(fault =>
    isFields(fault) && typeof fault['message'] === 'string' ? [fault['message']] : [],
  )
}

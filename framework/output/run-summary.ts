/** How a program in the foreground ended, for people: a line, and what it left behind, which is never left out. */
import type { ResponseEnvelope } from '../../schemas/generated/types.js'
import { escapeControls } from '../argv/quoted.js'
import { styles } from './color.js'
import { isFields, isList } from './list.js'
import { messages } from './messages.js'

export interface SummaryOptions {
  readonly colour: boolean
  /** Only what was left behind. */
  readonly quiet: boolean
}

/** Whole lines for stderr. */
export function runSummary(envelope: ResponseEnvelope, { colour, quiet }: SummaryOptions): string {
  const { data, error } = envelope
  const style = styles(colour)
  const report = isFields(data) && typeof data['run_id'] === 'string' ? data : null
  if (!report) return quiet ? '' : messages(envelope, style) + lines(planOf(data))
  const is_programs = error === null || error.code === 'DELEGATED_EXIT'
  const said = is_programs
    ? messages({ warnings: envelope.warnings, error: null }, style) +
      lines([style.dim(`run ${report['run_id']}: ${endOf(report)}`)])
    : messages(envelope, style)
  return (quiet ? '' : said) + lines(left(report))
}

function endOf({ exit_code, signal, stop_cause }: Readonly<Record<string, unknown>>): string {
  const how = signal === null ? `exit code ${exit_code}` : `ended by ${signal}`
  return typeof stop_cause === 'string' ? `${how} (${stop_cause.replaceAll('_', ' ')})` : how
}

function left({ background_processes, cleanup_command }: Readonly<Record<string, unknown>>): string[] {
  const processes = isList(background_processes) ? background_processes.filter(isFields) : []
  if (processes.length === 0) return []
  return [
    'background processes:',
    ...processes.map(
      ({ pid, cmd, status }) => `  pid=${pid} cmd="${quotable(String(cmd))}" status=${status}`,
    ),
    ...(typeof cleanup_command === 'string' ? [`end them: ${escapeControls(cleanup_command)}`] : []),
  ]
}

/** A dry run's plan, or whatever else a command answers that started nothing. */
const planOf = (data: ResponseEnvelope['data']): string[] =>
  data === null ? [] : [JSON.stringify(data, null, 2)]

const quotable = (text: string): string => escapeControls(text).replaceAll('"', '\\"')

const lines = (texts: readonly string[]): string => texts.map(text => `${text}\n`).join('')

/** An envelope in the form that was chosen. Only JSON is at hand; the other forms are loaded when asked for. */
import type { ResponseEnvelope } from '../../schemas/generated/types.js'
import type { OutputFormat } from './format.js'
import type { RowForPeople } from './layout.js'

export interface RenderOptions {
  /** Whether each stream may carry colour; only `human` uses any. */
  readonly colour: { readonly stdout: boolean; readonly stderr: boolean }
  /** Columns of the terminal; 0 for no limit. Only `human` is cut to it (REQ-F-056). */
  readonly width: number
  /** The member of `data` whose items are the rows; null where there is none; found by its shape where left out. */
  readonly list_key?: string | null
  /** Stands in place of `data`; only JSON can take it. */
  readonly data_json?: string
  /** How a row reads on a terminal; only `human` asks. */
  readonly for_people?: RowForPeople
}

/** Whole texts, each empty or ending with a line feed. */
export interface Rendered {
  readonly stdout: string
  readonly stderr: string
}

/** Renders an envelope. Nothing is written here. */
export async function render(
  envelope: ResponseEnvelope,
  format: OutputFormat,
  options: RenderOptions,
): Promise<Rendered> {
  switch (format) {
    case 'json':
      return { stdout: renderJson(envelope, options.data_json), stderr: '' }
    case 'jsonl':
      return (await import('./jsonl.js')).renderJsonl(envelope, options.list_key)
    case 'tsv':
      return (await import('./tsv.js')).renderTsv(envelope, options.list_key)
    case 'plain':
      return (await import('./plain.js')).renderPlain(envelope, options.list_key)
    case 'human':
      return (await import('./human.js')).renderHuman(envelope, options)
  }
}

/**
 * One line; the bytes depend on the envelope alone (REQ-F-005).
 * @param data_json in place of the envelope's data: JSON text of one line
 */
export function renderJson(envelope: ResponseEnvelope, data_json?: string): string {
  if (data_json === undefined) return `${JSON.stringify(envelope)}\n`
  const { ok, data, ...rest } = envelope
  return `{"ok":${ok},"data":${data_json},${JSON.stringify(rest).slice(1)}\n`
}

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
      return { stdout: renderJson(envelope), stderr: '' }
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

/** One line; the bytes depend on the envelope alone (REQ-F-005). */
export function renderJson(envelope: ResponseEnvelope): string {
  return `${JSON.stringify(envelope)}\n`
}

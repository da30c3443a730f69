/** What these tests ask of a reading, beside what it yields: its bytes in one piece, and where something was missing. */
import { createHash } from 'node:crypto'
import type { LogPiece } from '../../../../framework/runs/log-reader/cursor.js'
import { type LogRequest, readLog } from '../../../../framework/runs/log-reader/read-log.js'
import type { RecordedRun } from '../recorded-run.js'

/** A piece that is still there when the next one has come. */
export type KeptPiece = { readonly bytes: Buffer } | { readonly missing: number | null }

export type ReadingOptions = Partial<Pick<LogRequest, 'last_lines' | 'follow' | 'signal'>>

/** @param each is awaited before the next piece is asked for */
export async function pieces(
  run: RecordedRun,
  options: ReadingOptions = {},
  each: (piece: KeptPiece, so_far: readonly KeptPiece[]) => void | Promise<void> = () => {},
): Promise<KeptPiece[]> {
  const kept: KeptPiece[] = []
  const { root, run_id } = run
  const request = {
    root,
    run_id,
    last_lines: null,
    follow: false,
    signal: new AbortController().signal,
    ...options,
  }
  for await (const piece of readLog(request)) {
    const last = keep(piece)
    const before = kept.at(-1)
    // Where one piece ends and the next begins is nobody's business.
    if (before && 'bytes' in before && 'bytes' in last)
      kept.splice(-1, 1, { bytes: Buffer.concat([before.bytes, last.bytes]) })
    else kept.push(last)
    await each(last, kept)
  }
  return kept
}

const keep = (piece: LogPiece): KeptPiece =>
  piece.kind === 'bytes' ? { bytes: Buffer.from(piece.bytes) } : { missing: piece.bytes }

/** The bytes of a reading in which nothing was missing. */
export function whole(kept: readonly KeptPiece[]): Buffer {
  return Buffer.concat(
    kept.map(piece => {
      if ('bytes' in piece) return piece.bytes
      throw new Error(`${piece.missing} bytes are missing`)
    }),
  )
}

export const text = async (run: RecordedRun, options: ReadingOptions = {}): Promise<string> =>
  whole(await pieces(run, options)).toString()

export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

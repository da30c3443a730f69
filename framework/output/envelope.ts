/** The one form of every answer (REQ-F-004): five keys, closed, clean text, `ok` derived and never set. */
import type {
  ErrorDetail,
  ResponseData,
  ResponseEnvelope,
  ResponseMeta,
  WarningDetail,
} from '../../schemas/generated/types.js'
import { sanitizeList, sanitizeRecord, sanitizeText } from './sanitize.js'

/** What an answer is made of. */
export interface EnvelopeParts {
  /** The code that the process will exit with. */
  readonly exit_code: number
  readonly data: ResponseData
  /** Null exactly where `exit_code` is 0. */
  readonly error: ErrorDetail | null
  readonly warnings: readonly WarningDetail[]
  /** `exit_code` is added. */
  readonly meta: { readonly duration_ms: number; readonly [name: string]: unknown }
}

/**
 * Builds the envelope; every string in it is sanitised (REQ-F-007, REQ-F-016).
 * @throws RangeError where the code and the error contradict each other, a bug of the caller
 */
export function buildEnvelope(parts: EnvelopeParts): ResponseEnvelope {
  const { exit_code, error } = parts
  const data = cleanData(parts.data)
  const warnings = parts.warnings.map(cleanWarning)
  const { duration_ms, ...others } = parts.meta
  const meta: ResponseMeta = {
    ...sanitizeRecord({ ...others, exit_code, duration_ms }),
    exit_code,
    duration_ms,
  }
  if (exit_code === 0 && error === null) return { ok: true, data, error, warnings, meta }
  if (exit_code !== 0 && error !== null) return { ok: false, data, error: cleanError(error), warnings, meta }
  throw new RangeError(
    error === null ? `exit code ${exit_code} without an error` : `exit code 0 with the error ${error.code}`,
  )
}

function cleanData(data: ResponseData): ResponseData {
  if (data === null) return null
  return isList(data) ? sanitizeList(data) : sanitizeRecord(data)
}

function cleanError(error: ErrorDetail): ErrorDetail {
  return { ...sanitizeRecord(error), code: sanitizeText(error.code), message: sanitizeText(error.message) }
}

function cleanWarning({ code, message, context }: WarningDetail): WarningDetail {
  return {
    code: sanitizeText(code),
    message: sanitizeText(message),
    ...(context === undefined ? {} : { context: sanitizeRecord(context) }),
  }
}

function isList(data: NonNullable<ResponseData>): data is readonly unknown[] {
  return Array.isArray(data)
}

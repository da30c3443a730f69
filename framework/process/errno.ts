/** Reading the errno off what a system call threw: one place, because nothing else can be trusted to be an Error. */

/** @returns such as `ENOSPC`; null where the thrown value carries none */
export function errnoOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
}

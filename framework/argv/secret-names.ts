/** Which names tell that their value is a secret (REQ-F-034). */

const SECRET_WORDS = /token|secret|password|key|credential|auth/i

/** True where a flag or field of this name holds what must never be echoed. */
export function isSecretName(name: string): boolean {
  return SECRET_WORDS.test(name)
}

/** Why a template cannot be used: one error for all reasons, each with a stable code and what to do about it. */

/**
 * `TEMPLATE_NAME_INVALID`: no template can be called so. `TEMPLATE_NOT_PRIVATE`: others than the user could have
 * written it. `TEMPLATE_INVALID`: it does not say what a template says, or cannot be read.
 */
export type TemplateRefusal =
  | 'TEMPLATE_NAME_INVALID'
  | 'TEMPLATE_NOT_FOUND'
  | 'TEMPLATE_NOT_PRIVATE'
  | 'TEMPLATE_INVALID'

export interface RefusalDetails {
  /** What must change, in words. */
  readonly fix_required: string
  /** A command line that changes it, where there is one. */
  readonly fix_command?: string
  readonly context: Readonly<Record<string, unknown>>
}

export class TemplateRefused extends Error {
  readonly code: TemplateRefusal
  readonly details: RefusalDetails

  constructor(code: TemplateRefusal, message: string, details: RefusalDetails) {
    super(message)
    this.name = 'TemplateRefused'
    this.code = code
    this.details = details
  }
}

/** A command whose stdio is a program's answers when that has ended: it leaves no background process. */
import type { Rule } from '../violation.js'
import { isBackground } from './background-fields.js'

export const delegatedAlone: Rule = function* ({ data }) {
  if (data['delegates_stdio'] !== true || !isBackground(data)) return
  yield {
    code: 'LIFECYCLE_CONFLICT',
    place: 'delegates_stdio',
    message:
      'A command that leaves a background process answers at once; one with `delegates_stdio` when its program has ended.',
    fix: 'Leave `delegates_stdio` out, or give each lifecycle its own command.',
  }
}

/** `ctx.runs.template`: what the user prepared under a name, and its refusals as the exits that an answer carries. */
import type { RunTemplate } from '../../schemas/generated/types.js'
import { loadTemplate, TemplateRefused } from '../runs/templates.js'
import type { CallFacts } from './call-facts.js'
import { FrameworkExit } from './framework-exit.js'

/** @throws FrameworkExit `TEMPLATE_NAME_INVALID` (exit 2), `TEMPLATE_NOT_FOUND` and the like (exit 4) */
export function templateOf({ tool, io }: CallFacts, name: string): RunTemplate {
  try {
    return loadTemplate(tool, io.env, name)
  } catch (error) {
    if (!(error instanceof TemplateRefused)) throw error
    const { code, message, details } = error
    throw new FrameworkExit(
      code === 'TEMPLATE_NAME_INVALID' ? 'ARG_ERROR' : 'PRECONDITION',
      code,
      message,
      details,
    )
  }
}

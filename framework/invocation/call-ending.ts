/** The refusal of whatever a handler wants to start when its call is over. */
import { FrameworkExit } from './framework-exit.js'

export const callEnding = (): FrameworkExit =>
  new FrameworkExit('CONFLICT', 'CALL_ENDING', 'the call is ending; nothing new is started', {
    fix_required:
      'call ctx.run before the command ends; cleanup hooks release what it holds without new processes',
  })

/** What a built-in command has to say where its time runs out, for which the general answer would not tell enough. */
import type { CommandExit } from './command-exit.js'
import type { BaseContext } from './context.js'

type Answer = (timeout_ms: number) => CommandExit

const answers = new WeakMap<BaseContext, Answer>()

/** @param answer made at the timeout, when the handler is no longer heard; it must neither fail nor take time */
export function answerAtTimeout(ctx: BaseContext, answer: Answer): void {
  answers.set(ctx, answer)
}

/** Null where the command has nothing to add. @param timeout_ms the limit of the call */
export const timeoutAnswer = (ctx: BaseContext, timeout_ms: number): CommandExit | null =>
  answers.get(ctx)?.(timeout_ms) ?? null

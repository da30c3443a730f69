/** The processes that this framework started itself, told apart from what a handler starts behind its back. */
import type { ChildProcess } from 'node:child_process'

const own = new WeakSet<ChildProcess>()

/** Marks a child as recorded and owned; returns it. */
export function ownChild<C extends ChildProcess>(child: C): C {
  own.add(child)
  return child
}

export const isOwnChild = (child: ChildProcess): boolean => own.has(child)

/** What the tests of `run` ask of a call: its report, and whether somebody lives. */
import type { Answer, CallOptions, Envelope, Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'

/** The last line on stderr, as an envelope. */
export function reportOf({ stderr }: Pick<Answer, 'stderr'>): Envelope {
  return JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '')
}

/** `run` with a line of a shell as its program. */
export const runShell = (
  sandbox: Sandbox,
  options: readonly string[],
  line: string,
  call: CallOptions = {},
): Promise<Answer> => sandbox.call(['run', ...options, '--', 'sh', '-c', line], call)

/** Waits until a living process of the sandbox has these words in its command line; the shortest such line is its own. */
export async function living(sandbox: Sandbox, words: string): Promise<number> {
  const found = await until(`a process '${words}'`, () =>
    sandbox.survivors().find(({ command }) => command === words),
  )
  return found.pid
}

/** Ends everything that a run left behind, as its report says. */
export async function cleanUp(sandbox: Sandbox, { data }: Envelope): Promise<Answer> {
  return sandbox.sh(data.cleanup_command)
}

/** Stays alive, holds nothing open, and is found by its words. */
export const sleeper = (seconds: number): string => `sleep ${seconds} >/dev/null 2>&1 </dev/null`

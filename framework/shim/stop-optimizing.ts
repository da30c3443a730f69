/** Keeps small an owner that lives for hours and does nothing in them but ask, once a second, whether it should go on. */

/** The optimizing compilers of V8. One that does not know a flag says so on stderr, and goes on. */
const WITHOUT = ['--no-opt', '--no-maglev']

/** Most runs are shorter, and need not pay for it; nothing is hot yet by then. */
const LATER_MS = 60_000

/**
 * What is asked so often gets hot after six minutes, and V8's compilers, their threads and their code then keep 2 MB of
 * private memory that the loop gains nothing by (measured on Node 20).
 */
export function stopOptimizingLater(): void {
  setTimeout(() => {
    const { setFlagsFromString } = process.getBuiltinModule('node:v8')
    for (const flag of WITHOUT) setFlagsFromString(flag)
  }, LATER_MS).unref()
}

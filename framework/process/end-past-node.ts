/**
 * The end of a process that has loaded koffi: what that does at the exit (it syncs stdout and stderr, files of whatever
 * size too) is nobody's wish, and Node takes itself apart first, which takes 3 ms of a `run` (measured on Node 20). The
 * part of the library that loads it and the one that ends the process share no module, so they meet at a symbol.
 */
const EXIT = Symbol.for('chaperone.end-past-node')

/** @param exit ends the process at once */
export function offerEnd(exit: (code: number) => void): void {
  Object.defineProperty(globalThis, EXIT, { value: exit, configurable: true })
}

export function withdrawEnd(): void {
  Reflect.deleteProperty(globalThis, EXIT)
}

/**
 * Makes the `process.exit` that comes next the last that happens: after all listeners there are, so to be called when
 * all has been said, and nobody adds one any more. Whoever gave Node options, or measures what it runs, gets Node's end.
 */
export function endPastNode(): void {
  const exit: unknown = Reflect.get(globalThis, EXIT)
  const { NODE_OPTIONS, NODE_V8_COVERAGE } = process.env
  if (typeof exit !== 'function' || NODE_OPTIONS || NODE_V8_COVERAGE || process.execArgv.length > 0) return
  process.on('exit', code => {
    Reflect.apply(exit, undefined, [code])
  })
}

/**
 * Between the loader of the library, which alone can keep its compiled code, and the call, which alone knows when
 * everything that a call needs has been compiled. They share a process and no module, so they meet at a symbol.
 */

const KEEPER = Symbol.for('chaperone.compiled-code')

export function offerKeeper(keep: () => void): void {
  const keepers: unknown = Reflect.get(globalThis, KEEPER)
  if (Array.isArray(keepers)) keepers.push(keep)
  else Object.defineProperty(globalThis, KEEPER, { value: [keep] })
}

/** Keeps the compiled code for later starts, where none is kept yet. Never throws; takes some 10 ms a part, once. */
export function keepCode(): void {
  const keepers: unknown = Reflect.get(globalThis, KEEPER)
  if (Array.isArray(keepers)) for (const keep of keepers.splice(0)) keep()
}

/** The flags that one command line may use, found by their long and short spellings. */
import type { FlagDeclaration, Flags } from '../contract/declaration.js'

export interface KnownFlag {
  readonly name: string
  readonly declaration: FlagDeclaration
  readonly scope: 'local' | 'global'
}

export interface FlagLookup {
  readonly long: ReadonlyMap<string, KnownFlag>
  readonly short: ReadonlyMap<string, KnownFlag>
}

/** Local flags and globals in one table; registration refuses names that both would claim (REQ-F-079). */
export function flagLookup(local: Flags, globals: Flags): FlagLookup {
  const long = new Map<string, KnownFlag>()
  const short = new Map<string, KnownFlag>()
  const add = (flags: Flags, scope: KnownFlag['scope']) => {
    for (const [name, declaration] of Object.entries(flags)) {
      const flag = { name, declaration, scope }
      long.set(name, flag)
      if (declaration.short !== undefined) short.set(declaration.short, flag)
    }
  }
  add(local, 'local')
  add(globals, 'global')
  return { long, short }
}

/** True where the flag is followed by a value. */
export function takesValue(flag: KnownFlag): boolean {
  return flag.declaration.type !== 'boolean'
}

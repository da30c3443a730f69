/** Flags that a declaration brings with it: authors do not write them, and cannot have others of these names. */
import type { CommandContract, Flags } from './declaration.js'

const INTERACTIVE_FLAGS = {
  yes: { type: 'boolean', description: 'Answer every question with yes' },
  'non-interactive': { type: 'boolean', description: 'Never ask: a question is an error, exit 4' },
} as const satisfies Flags

const DESTRUCTIVE_FLAGS = {
  'confirm-destructive': {
    type: 'boolean',
    description: 'Do it: without this only a preview is answered, exit 2',
  },
} as const satisfies Flags

/** What of a contract brings flags. */
type Bringing = Partial<Pick<CommandContract, 'danger_level' | 'interactive'>>

/** The flags that the framework adds to a command: `--yes` and `--non-interactive` (REQ-C-005), `--confirm-destructive` (REQ-O-021). */
export function broughtFlags({ danger_level, interactive }: Bringing): Flags {
  return {
    ...(interactive === true ? INTERACTIVE_FLAGS : {}),
    ...(danger_level === 'destructive' ? DESTRUCTIVE_FLAGS : {}),
  }
}

/** All local flags of a command: what it declares and what that brings. */
export function effectiveFlags(contract: Bringing & Pick<CommandContract, 'flags'>): Flags {
  return { ...contract.flags, ...broughtFlags(contract) }
}

/** Contracts that every rule accepts, to be spoiled in one place by each test, and the check as the tests ask it. */
import { candidateOf, checkContracts } from '../../../framework/contract/check.js'
import type { ToolIdentity } from '../../../framework/contract/registry.js'
import type { Violation } from '../../../framework/contract/violation.js'

export const tool: ToolIdentity = {
  name: 'my-tool',
  version: '1.2.3',
  description: 'A tool for tests',
  prefix: 'MY_TOOL_',
}

export type Parts = Readonly<Record<string, unknown>>

export const success = { description: 'Done', retryable: false, side_effects: 'complete' }

/** A sound command that only reads, as JavaScript could hand it in. */
export function sound(parts: Parts = {}): Parts {
  return {
    name: 'list',
    description: 'List what is there.',
    danger_level: 'safe',
    required_scopes: [],
    flags: {},
    exit_codes: { SUCCESS: success },
    output_schema: { type: 'object', properties: { items: { type: 'array' } } },
    execute: async () => ({ items: [] }),
    ...parts,
  }
}

/** As the built-in of that name: takes `--run`, and `--session` as every command does. */
export function stop(parts: Parts = {}): Parts {
  return sound({
    name: 'stop',
    danger_level: 'mutating',
    flags: { run: { type: 'string', description: 'The run to stop' } },
    output_schema: {
      type: 'object',
      properties: { effect: { enum: ['updated', 'noop'] } },
      required: ['effect'],
    },
    ...parts,
  })
}

/** A sound background command. */
export function watcher(parts: Parts = {}): Parts {
  return sound({
    name: 'watch',
    spawns_background_process: true,
    cleanup_command: 'stop',
    max_lifetime_seconds: 3600,
    ...parts,
  })
}

/** @returns the parts without one of them */
export function without(parts: Parts, ...names: string[]): Parts {
  return Object.fromEntries(Object.entries(parts).filter(([name]) => !names.includes(name)))
}

/** All violations of an author's commands, registered together. */
export async function violations(...commands: unknown[]): Promise<readonly Violation[]> {
  const checked = await checkContracts(
    tool,
    commands.map(command => candidateOf(command, false)),
  )
  return checked.violations
}

/** The violations as `CODE place`. */
export async function refusals(...commands: unknown[]): Promise<string[]> {
  return (await violations(...commands)).map(({ code, place }) => `${code} ${place}`.trim())
}

/** The refusals of a sound command with one flag. */
export async function flagRefusals(flag: unknown, name = 'f'): Promise<string[]> {
  return refusals(sound({ flags: { [name]: flag } }))
}

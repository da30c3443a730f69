/** A registry for the tests of this room. */
import type { CommandContract } from '../../framework/contract/declaration.js'
import type { Registry } from '../../framework/contract/registry.js'

const SUCCESS = { description: 'Done', retryable: false, side_effects: 'complete' } as const

export function command(contract: Partial<CommandContract> & Pick<CommandContract, 'name'>): CommandContract {
  return {
    description: `Does ${contract.name}.`,
    danger_level: 'safe',
    required_scopes: [],
    flags: {},
    exit_codes: { SUCCESS },
    output_schema: { type: 'object', properties: { done: { type: 'boolean' } }, required: ['done'] },
    ...contract,
  }
}

export const CONTRACTS: readonly CommandContract[] = [
  command({
    name: 'deploy',
    description: 'Deploy a build.',
    danger_level: 'destructive',
    required_scopes: ['deploy:write'],
    schema_version: '2.1',
    timeout_seconds: 30,
    idempotent: true,
    aliases: ['ship'],
    flags: {
      target: {
        type: 'enum',
        enum_values: ['dev', 'prod'],
        required: true,
        short: 't',
        description: 'Where to',
      },
      count: { type: 'integer', default: 3, description: 'How many' },
      label: { type: 'array', description: 'A label' },
      'dry-run': { type: 'boolean', description: 'Change nothing' },
      nothing: { type: 'string', default: null, description: 'No default' },
      region: {
        type: 'string',
        pattern: '^[a-z]+$',
        env_vars: [{ name: 'TOOL_REGION', description: 'Default of --region' }],
        description: 'Which region',
      },
    },
    positionals: [
      { name: 'app', type: 'string', required: true, description: 'The application' },
      { name: 'files', type: 'string', variadic: true, description: 'Its files' },
    ],
    exit_codes: {
      SUCCESS: { description: 'Deployed', retryable: false, side_effects: 'complete' },
      // The same as every command inherits: not repeated on the wire.
      ARG_ERROR: {
        description: 'The call was refused before anything was done',
        retryable: false,
        side_effects: 'none',
      },
      CONFLICT: {
        description: 'Another deploy runs',
        retryable: false,
        side_effects: 'none',
        error_codes: ['LOCKED'],
      },
      QUOTA: { code: 80, description: 'No quota left', retryable: false, side_effects: 'none' },
    },
    examples: [{ description: 'To dev', command: 'tool deploy --target dev web' }],
  }),
  command({ name: 'deploy rollback', danger_level: 'mutating', interactive: true }),
  command({
    name: 'watch',
    spawns_background_process: true,
    cleanup_command: 'session stop',
    max_lifetime_seconds: 3600,
    option_placement: 'strict',
    platform: ['linux'],
  }),
  command({ name: 'session list' }),
  command({ name: 'session stop', danger_level: 'mutating' }),
]

export function registry(contracts: readonly CommandContract[] = CONTRACTS): Registry {
  return {
    tool: { name: 'tool', version: '1.2.3', description: 'A tool for tests.', prefix: 'TOOL_' },
    commands: new Map(
      contracts.map(contract => [contract.name, { contract, builtin: contract.name.startsWith('session') }]),
    ),
  }
}

/** Contracts that exercise every kind of argument, for the tests of this room. */
import type { ArgumentContract, ParseRequest } from '../../../framework/argv/parse.js'
import { parseArguments } from '../../../framework/argv/parse.js'
import { globalFlags } from '../../../framework/contract/global-flags.js'

export const GLOBALS = globalFlags('TOOL_')

export const deploy: ArgumentContract = {
  name: 'deploy',
  flags: {
    target: {
      type: 'enum',
      enum_values: ['dev', 'staging', 'prod'],
      required: true,
      description: 'Where to',
    },
    count: { type: 'integer', short: 'n', default: 1, description: 'How many' },
    ratio: { type: 'number', description: 'Which share' },
    level: { type: 'integer', enum_values: [1, 2, 3], description: 'How deep' },
    all: { type: 'boolean', short: 'a', description: 'Everything' },
    label: { type: 'array', description: 'A label' },
    port: {
      type: 'array',
      schema: { type: 'array', items: { type: 'integer' }, maxItems: 3 },
      description: 'A port',
    },
    options: { type: 'object', schema: { type: 'object' }, description: 'More' },
    dir: { type: 'string', pattern_type: 'filepath', description: 'A directory' },
    id: { type: 'string', pattern_type: 'alphanumeric_id', description: 'An id' },
    name: { type: 'string', pattern: '^[a-z]+$', description: 'A name' },
    'api-token': { type: 'string', pattern: '^t-[a-z]+$', description: 'A token' },
    region: {
      type: 'string',
      env_vars: [{ name: 'TOOL_REGION' }, { name: 'REGION' }],
      default: 'north',
      description: 'A region',
    },
    force: { type: 'boolean', env_vars: [{ name: 'TOOL_FORCE' }], description: 'Do it anyway' },
    tag: { type: 'array', env_vars: [{ name: 'TOOL_TAGS' }], description: 'A tag' },
  },
  positionals: [{ name: 'app', type: 'string', description: 'The application' }],
  examples: [{ description: 'Deploy to dev', command: 'tool deploy --target dev web' }],
}

export const run: ArgumentContract = {
  name: 'run',
  flags: {
    mode: { type: 'enum', enum_values: ['strict-run', 'follow-descendants'], description: 'How long' },
    env: { type: 'array', description: 'A variable' },
  },
  positionals: [{ name: 'argv', type: 'string', required: true, variadic: true, description: 'The program' }],
  option_placement: 'strict',
}

/** Parses words as `deploy` would get them, `--target dev` given unless they say otherwise. */
export function parse(contract: ArgumentContract, argv: readonly string[], more: Partial<ParseRequest> = {}) {
  return parseArguments({
    tool: 'tool',
    contract,
    globals: GLOBALS,
    argv,
    env: {},
    cwd: '/project',
    ...more,
  })
}

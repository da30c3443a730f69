/** The manifest: closed, deterministic, and true to the contracts. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { canonicalJson } from '../../framework/contract/projection.js'
import { FRAMEWORK_VERSION } from '../../manifest/framework-version.js'
import { manifestResponse } from '../../manifest/response.js'
import validate from '../../schemas/generated/validate-manifest-response.js'
import { CONTRACTS, command, registry } from './registry.js'

const manifest = manifestResponse(registry())

test('it is what its schema asks for, nothing more', () => {
  const written: unknown = JSON.parse(JSON.stringify(manifest))
  expect(validate(written) ? [] : validate.errors).toEqual([])
})

test('every command is there, by dot path, sorted', () => {
  expect(Object.keys(manifest.commands)).toEqual([
    'deploy',
    'deploy.rollback',
    'session.list',
    'session.stop',
    'watch',
  ])
  expect(manifest.commands['deploy']?.subcommands).toEqual(['deploy.rollback'])
  expect(manifest.commands['session.list']?.builtin).toBe(true)
  expect(manifest.commands['deploy']).not.toHaveProperty('builtin')
})

test('one whole entry, as an agent gets it', () => {
  expect(manifest.commands['deploy']).toEqual({
    description: 'Deploy a build.',
    danger_level: 'destructive',
    required_scopes: ['deploy:write'],
    flags: {
      target: {
        type: 'enum',
        required: true,
        description: 'Where to',
        enum_values: ['dev', 'prod'],
        short: 't',
      },
      count: { type: 'integer', required: false, description: 'How many', default: 3 },
      label: { type: 'array', required: false, description: 'A label', default: [] },
      'dry-run': { type: 'boolean', required: false, description: 'Change nothing', default: false },
      nothing: { type: 'string', required: false, description: 'No default' },
      region: {
        type: 'string',
        required: false,
        description: 'Which region',
        pattern: '^[a-z]+$',
        env_vars: [{ name: 'TOOL_REGION', description: 'Default of --region' }],
      },
    },
    positionals: [
      { name: 'app', type: 'string', required: true, description: 'The application' },
      { name: 'files', type: 'string', required: false, description: 'Its files', variadic: true },
    ],
    exit_codes: {
      '0': { name: 'SUCCESS', description: 'Deployed', retryable: false, side_effects: 'complete' },
      '6': {
        name: 'CONFLICT',
        description: 'Another deploy runs',
        retryable: false,
        side_effects: 'none',
        error_codes: ['LOCKED'],
      },
      '80': { name: 'QUOTA', description: 'No quota left', retryable: false, side_effects: 'none' },
    },
    output_schema: { type: 'object', properties: { done: { type: 'boolean' } }, required: ['done'] },
    aliases: ['ship'],
    examples: [{ description: 'To dev', command: 'tool deploy --target dev web' }],
    subcommands: ['deploy.rollback'],
    idempotent: true,
  })
})

test('a background command tells how it is ended and what the framework adds to its answer', () => {
  const entry = manifest.commands['watch']
  expect(entry).toMatchObject({
    spawns_background_process: true,
    cleanup_command: 'tool session stop',
    max_lifetime_seconds: 3600,
    option_placement: 'strict',
    platform: ['linux'],
    output_schema: {
      properties: { done: { type: 'boolean' }, background_pid: { type: 'integer' } },
      required: ['done', 'background_pid', 'cleanup_command', 'pid_file', 'run_id', 'session_id', 'log_path'],
    },
  })
})

test('what all commands share stands at the root, once', () => {
  expect(Object.keys(manifest.exit_codes ?? {})).toEqual(['0', '1', '2', '4', '10', '129', '130', '143'])
  expect(manifest.flags?.['format']).toMatchObject({
    type: 'enum',
    required: false,
    enum_values: ['json', 'jsonl', 'tsv', 'plain'],
    env_vars: [{ name: 'TOOL_FORMAT' }],
    media_types: { jsonl: 'application/x-ndjson' },
  })
  expect(manifest.flags?.['help']).toMatchObject({ type: 'boolean', short: 'h', default: false })
  for (const variable of manifest.env_vars ?? []) expect(variable.name).toMatch(/^TOOL_/)
  for (const entry of Object.values(manifest.commands)) expect(entry.flags).not.toHaveProperty('help')
})

describe('the etag', () => {
  test('is the SHA-256 of all the rest in canonical form', () => {
    const { etag, ...rest } = manifest
    expect(etag).toBe(createHash('sha256').update(canonicalJson(rest)).digest('hex'))
  })

  test('does not depend on the order of registration', () => {
    const reversed = manifestResponse(registry(CONTRACTS.toReversed()))
    expect(JSON.stringify(reversed)).toBe(JSON.stringify(manifest))
  })

  test.each([
    ['a description', { description: 'Something else.' }],
    ['a flag', { flags: { a: { type: 'string', description: 'New' } } }],
    ['an alias', { aliases: ['new'] }],
    ['the output', { output_schema: { type: 'object' } }],
  ] as const)('changes with %s', (_, change) => {
    const changed = CONTRACTS.map(contract =>
      contract.name === 'watch' ? command({ ...contract, ...change }) : contract,
    )
    expect(manifestResponse(registry(changed)).etag).not.toBe(manifest.etag)
  })
})

test('the framework says its own version', () => {
  const { version } = JSON.parse(readFileSync(resolve(import.meta.dirname, '../../package.json'), 'utf8'))
  expect(FRAMEWORK_VERSION).toBe(version)
  expect(manifest.framework_version).toBe(version)
})

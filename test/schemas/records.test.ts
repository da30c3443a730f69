/** What of a run's records is believed, and what is taken for damage. */
import { describe, expect, test } from 'vitest'
import validateClaim from '../../schemas/generated/validate-name-claim.js'
import validateIdentity from '../../schemas/generated/validate-process-identity.js'
import validateAnswered from '../../schemas/generated/validate-run-answered.js'
import validateEnd from '../../schemas/generated/validate-run-end.js'
import validateIntent from '../../schemas/generated/validate-run-intent.js'
import validateMain from '../../schemas/generated/validate-run-main.js'
import validateOwner from '../../schemas/generated/validate-run-owner.js'
import validateReady from '../../schemas/generated/validate-run-ready.js'
import validateStop from '../../schemas/generated/validate-run-stop.js'
import validateStopped from '../../schemas/generated/validate-session-stopped.js'
import validateStopping from '../../schemas/generated/validate-session-stopping.js'
import { damages, type Json } from './damage.js'
import {
  answered,
  claim,
  end,
  identity,
  intent,
  main,
  owner,
  ready,
  stop,
  stopped,
  stopping,
} from './documents.js'

const asRead = (document: object): Json => JSON.parse(JSON.stringify(document))

const records = [
  { name: 'run-intent', validate: validateIntent, document: asRead(intent) },
  { name: 'run-owner', validate: validateOwner, document: asRead(owner) },
  { name: 'run-main', validate: validateMain, document: asRead(main) },
  { name: 'run-stop', validate: validateStop, document: asRead(stop) },
  { name: 'run-end', validate: validateEnd, document: asRead(end) },
  { name: 'run-ready', validate: validateReady, document: asRead(ready) },
  { name: 'session-stopped', validate: validateStopped, document: asRead(stopped) },
  { name: 'run-answered', validate: validateAnswered, document: asRead(answered) },
  { name: 'name-claim', validate: validateClaim, document: asRead(claim) },
  { name: 'session-stopping', validate: validateStopping, document: asRead(stopping) },
]

describe.each([
  ...records,
  { name: 'process-identity', validate: validateIdentity, document: asRead(identity(4_244)) },
])('$name', ({ validate, document }) => {
  test('a real record is accepted', () => {
    expect(validate(document), JSON.stringify(validate.errors)).toBe(true)
  })

  test('no missing field, no field too many and no value of another type is accepted', () => {
    const all = [...damages(document)]
    expect(all.length).toBeGreaterThan(2 * Object.keys(Object(document)).length)
    expect(all.filter(damaged => validate(damaged.document)).map(damaged => damaged.what)).toEqual([])
  })

  test('nothing that is no object is accepted', () => {
    for (const other of [null, [], 'text', 1, true, undefined]) expect(validate(other)).toBe(false)
  })

  test('an error names the place and the rule', () => {
    expect(validate({ ...Object(document), never_declared: 1 })).toBe(false)
    expect(validate.errors).toEqual([
      expect.objectContaining({
        instancePath: '',
        keyword: 'additionalProperties',
        params: { additionalProperty: 'never_declared' },
      }),
    ])
  })
})

test.each(records)('$name: a later minor version is read, another major is not', ({ validate, document }) => {
  const ofVersion = (schema_version: string) => validate({ ...Object(document), schema_version })
  expect(ofVersion('1.12')).toBe(true)
  for (const version of ['2.0', '0.9', '1', '1.', '11.0', ' 1.0', '1.0\n', '1.0.0']) {
    expect(ofVersion(version), version).toBe(false)
  }
})

describe('processes', () => {
  test('process 1 can ask, start, own and record, but is never what was started', () => {
    expect(validateMain({ ...main, main: identity(1) })).toBe(false)
    const survivor = { identity: identity(1), ppid: 0, cmd: 'init' }
    expect(validateEnd({ ...end, survivors: [survivor] })).toBe(false)
    expect(validateEnd({ ...end, leftovers: [survivor] })).toBe(false)
  })

  test('a pid that kill(2) would read as a group is no process', () => {
    for (const pid of [0, -1, 1.5, Number.NaN])
      expect(validateIdentity(identity(pid)), String(pid)).toBe(false)
  })
})

describe('run-intent', () => {
  test.each([
    ['run_id', '0A1B2C3D4E5F'],
    ['run_id', '0a1b2c3d4e5'],
    ['run_id', '../../../etc'],
    ['session_id', '../other'],
    ['session_id', '.hidden'],
    ['session_id', 'x'.repeat(65)],
    ['kind', 'job'],
    ['mode', 'strict'],
    ['argv', []],
    ['parent_run_id', ''],
    ['name', ''],
    ['limits', { ...intent.limits, max_lifetime_ms: 0 }],
    ['limits', { ...intent.limits, grace_ms: -1 }],
    ['marker', { name: 'A=B', value: '1' }],
  ])('%s %j is refused', (field, value) => {
    expect(validateIntent({ ...intent, [field]: value })).toBe(false)
  })

  test('what need not be there can be null', () => {
    const bare = {
      ...intent,
      trace_id: null,
      name: null,
      mode: null,
      cleanup_command: null,
      parent_run_id: null,
      limits: { ...intent.limits, max_lifetime_ms: null },
    }
    expect(validateIntent(bare), JSON.stringify(validateIntent.errors)).toBe(true)
  })

  test('what later versions added may be there, whole', () => {
    const added = { is_name_unique: true, ready: { by: 'fd', fd: 3 }, bound_to: identity(1) }
    expect(validateIntent({ ...intent, ...added }), JSON.stringify(validateIntent.errors)).toBe(true)
    for (const damaged of [
      { is_name_unique: 1 },
      { ready: {} },
      { ready: { by: 'fd', fd: 2 } },
      { bound_to: 1 },
    ])
      expect(validateIntent({ ...intent, ...damaged })).toBe(false)
  })

  test('a runtime that this version does not know is no damage', () => {
    expect(validateIntent({ ...intent, runtime: 'pod' })).toBe(true)
  })
})

describe('timestamps', () => {
  const at = (requested_at: string) => validateStop({ ...stop, requested_at })

  test.each([
    '2026-03-01T00:10:00Z',
    '2026-03-01T00:10:00.123456789Z',
    '2026-12-31T23:59:59+14:00',
    '2024-02-29T12:00:00Z',
    '2000-02-29T12:00:00Z',
    new Date().toISOString(),
  ])('%s is a time', text => {
    expect(at(text)).toBe(true)
  })

  test.each([
    '',
    'yesterday',
    '2026-03-01',
    '2026-03-01T00:10:00',
    '2026-03-01 00:10:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-02-29T00:00:00Z',
    '2100-02-29T00:00:00Z',
    '2026-03-01T24:00:00Z',
    '2026-03-01T00:60:00Z',
    '2026-03-01T00:10:00+24:00',
    '2026-03-01T00:10:00Z\n',
  ])('%j is none', text => {
    expect(at(text)).toBe(false)
  })
})

describe('run-owner', () => {
  test('an abandoned run has no owner, a held one has an owner and its method', () => {
    expect(validateOwner({ ...owner, abandoned: true, owner: null, guard: null, tracking: null })).toBe(true)
    expect(validateOwner({ ...owner, guard: null })).toBe(true)
    expect(validateOwner({ ...owner, abandoned: true })).toBe(false)
    expect(validateOwner({ ...owner, owner: null })).toBe(false)
    expect(validateOwner({ ...owner, tracking: null })).toBe(false)
  })
})

describe('run-end', () => {
  const natural = {
    ...end,
    exit_code: 3,
    signal: null,
    exit_reason: 'natural',
    stop_cause: null,
    error: null,
  }

  test('a code without a signal is an end, so is nothing known with a reason', () => {
    expect(validateEnd(natural), JSON.stringify(validateEnd.errors)).toBe(true)
    const unknown = { ...natural, exit_code: null, exit_reason: null, reconcile_reason: 'no_end_recorded' }
    expect(validateEnd(unknown), JSON.stringify(validateEnd.errors)).toBe(true)
  })

  test('a start that failed has its error and no times', () => {
    const failed = {
      ...natural,
      exit_code: null,
      exit_reason: 'start_failed',
      started_at: null,
      main_exited_at: null,
      error: { code: 'START_FAILED', errno: 'ENOENT', message: 'No such program' },
    }
    expect(validateEnd(failed), JSON.stringify(validateEnd.errors)).toBe(true)
    expect(validateEnd({ ...failed, error: null })).toBe(false)
    expect(validateEnd({ ...failed, exit_code: 127 })).toBe(false)
  })

  test('a code and a signal together are refused', () => {
    expect(validateEnd({ ...natural, signal: 'SIGTERM' })).toBe(false)
    expect(validateEnd({ ...end, exit_code: 143 })).toBe(false)
  })

  test('a reason without its fact is refused', () => {
    expect(validateEnd({ ...natural, exit_code: null })).toBe(false)
    expect(validateEnd({ ...end, signal: null })).toBe(false)
  })

  test.each([
    ['exit_code', 256],
    ['exit_code', -1],
    ['signal', 'TERM'],
    ['exit_reason', 'vanished'],
    ['stop_cause', 'nobody'],
    ['reconcile_reason', 'Because of X'],
    ['descendants_killed', -1],
  ])('%s %j is refused', (field, value) => {
    expect(validateEnd({ ...(field === 'exit_code' ? natural : end), [field]: value })).toBe(false)
  })
})

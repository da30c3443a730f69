/** Holds an answer to the published schemas: whatever a test is about, every envelope that it sees is validated. */
import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { expect } from 'vitest'
import type { Answer, Envelope } from '../../harness/sandbox.js'

const ajv = new Ajv({ strict: false, allErrors: true })
ajv.addFormat('date-time', text => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text))
for (const name of ['exit-code-entry', 'response-envelope', 'manifest-response'])
  ajv.addSchema(JSON.parse(readFileSync(`schemas/${name}.json`, 'utf8')))

/**
 * The envelope of an answer in JSON mode: stdout is exactly one JSON document, it fits the schema, it tells the
 * process's own exit code, and no terminal would obey a byte of it.
 */
export function checked(answer: Answer): Envelope {
  const { stdout, stderr, code, signal } = answer
  const shown = `code ${code}, signal ${signal}\nstdout: ${stdout.slice(0, 4_000)}\nstderr: ${stderr.slice(0, 4_000)}`
  expect(stdout.endsWith('\n'), shown).toBe(true)
  expect(stdout.trimEnd().split('\n'), shown).toHaveLength(1)
  const envelope = parsed(stdout, shown)
  expectFits('response-envelope.json', envelope)
  expect(envelope.meta.exit_code, shown).toBe(code)
  expect(envelope.ok, shown).toBe(code === 0)
  expect(stdout.includes('\x1b'), shown).toBe(false)
  if (envelope.error) {
    expect(typeof envelope.error.retryable, shown).toBe('boolean')
    expect(envelope.error.message, shown).not.toMatch(/\n\s+at /)
  }
  if (code === 2) expect(envelope.error.phase, shown).toBe('validation')
  return envelope
}

/** The manifest in an answer, held to its schema. */
// biome-ignore lint/suspicious/noExplicitAny: what a manifest holds is what the tests ask
export function checkedManifest(answer: Answer): any {
  const { data } = checked(answer)
  expectFits('manifest-response.json', data)
  return data
}

export function expectFits(schema: string, value: unknown): void {
  const validate = ajv.getSchema(schema)
  if (!validate) throw new Error(`no schema ${schema}`)
  const fits = validate(value)
  expect(
    validate.errors ?? [],
    `${schema} does not hold for ${JSON.stringify(value).slice(0, 2_000)}`,
  ).toEqual([])
  expect(fits).toBe(true)
}

/** Whether data fits a schema that an answer brought along. */
export function fits(schema: object, value: unknown): boolean {
  return new Ajv({ strict: false }).compile(schema)(value)
}

function parsed(stdout: string, shown: string): Envelope {
  try {
    return JSON.parse(stdout)
  } catch (error) {
    throw new Error(`stdout is no JSON document: ${String(error)}\n${shown}`)
  }
}

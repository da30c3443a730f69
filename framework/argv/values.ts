/** One piece of text from a command line or the environment, read as the type that the contract declares. */
import { resolve } from 'node:path'
import type { FlagDeclaration, PatternType } from '../contract/declaration.js'
import type { JsonSchema } from '../contract/json-schema.js'
import type { ArgumentFaultCode } from './faults.js'
import { checkPatternType } from './patterns.js'
import { nearest } from './suggest.js'

/** What one value must be. */
export interface ValueShape {
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'enum' | 'object'
  readonly enum_values?: readonly (string | number)[]
  readonly pattern?: string
  readonly pattern_type?: PatternType
  /** Handed on as it is, line breaks and all: the words of another program's command line. */
  readonly verbatim?: boolean
}

export type Reading =
  | { readonly fits: true; readonly value: unknown }
  | {
      readonly fits: false
      readonly code: ArgumentFaultCode
      /** Completes the sentence that begins with the flag's name. */
      readonly problem: string
      readonly rejected_pattern?: string
      /** Text that would have been right, where one is near. */
      readonly instead?: string
    }

/**
 * Reads text as a value.
 * @param cwd absolute; what a relative path is resolved against (REQ-F-040)
 */
export function readValue(text: string, shape: ValueShape, cwd: string): Reading {
  if (text.includes('\0')) return misfit('must not hold a NUL character')
  switch (shape.type) {
    case 'string':
      return readString(text, shape, cwd)
    case 'enum':
      return readChoice(text, text, shape.enum_values ?? [])
    case 'integer':
      return readInteger(text, shape)
    case 'number':
      return /^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/i.test(text) && Number.isFinite(Number(text))
        ? { fits: true, value: Number(text) }
        : misfit('must be a number such as 1.5')
    case 'boolean':
      return text === 'true' || text === 'false'
        ? { fits: true, value: text === 'true' }
        : misfit('takes no value but true or false')
    case 'object':
      return readJson(text, 'object')
  }
}

/** The shape of a flag's one value; of an array's items where it is an array. */
export function shapeOf(declaration: FlagDeclaration): ValueShape {
  const { type, enum_values, pattern, pattern_type } = declaration
  if (type === 'array') return itemShape(declaration.schema?.items)
  return {
    type,
    ...(enum_values === undefined ? {} : { enum_values }),
    ...(pattern === undefined ? {} : { pattern }),
    ...(pattern_type === undefined ? {} : { pattern_type }),
  }
}

/** Reads a whole array written as JSON. */
export function readJson(text: string, expected: 'object' | 'array'): Reading {
  const misfit: Reading = { fits: false, code: 'INVALID_JSON', problem: `must be a JSON ${expected}` }
  try {
    const value: unknown = JSON.parse(text)
    const is_array = Array.isArray(value)
    const is_object = typeof value === 'object' && value !== null && !is_array
    return (expected === 'array' ? is_array : is_object) ? { fits: true, value } : misfit
  } catch {
    return misfit
  }
}

function itemShape(items: JsonSchema | undefined): ValueShape {
  const type = items?.type
  const choices = items?.enum
  if (choices?.every(choice => typeof choice === 'string')) return { type: 'enum', enum_values: choices }
  if (type === 'integer' || type === 'number' || type === 'boolean' || type === 'object') return { type }
  const pattern = items?.['pattern']
  return typeof pattern === 'string' ? { type: 'string', pattern } : { type: 'string' }
}

function readString(text: string, shape: ValueShape, cwd: string): Reading {
  // A line break in a one-line value is how a second line is forged (REQ-F-044, contract E-11).
  if (!shape.verbatim && /[\n\r]/.test(text)) return misfit('must not hold a line break')
  if (shape.pattern !== undefined && !new RegExp(shape.pattern, 'u').test(text))
    return misfit(`must match ${shape.pattern}`)
  if (shape.pattern_type === undefined) return { fits: true, value: text }
  const fault = checkPatternType(text, shape.pattern_type)
  if (fault?.rejected_pattern) return { fits: false, code: 'INVALID_AGENT_INPUT', ...fault }
  if (fault) return misfit(fault.problem)
  return { fits: true, value: shape.pattern_type === 'filepath' ? resolve(cwd, text) : text }
}

function readInteger(text: string, shape: ValueShape): Reading {
  const value = Number(text)
  if (!/^(0|-?[1-9]\d*)$/.test(text) || !Number.isSafeInteger(value)) return misfit('must be an integer')
  return shape.enum_values === undefined ? { fits: true, value } : readChoice(value, text, shape.enum_values)
}

function readChoice(value: string | number, text: string, choices: readonly (string | number)[]): Reading {
  if (choices.includes(value)) return { fits: true, value }
  const [instead] = nearest(text, choices.map(String), 1)
  return {
    fits: false,
    code: 'ARG_ERROR',
    problem: `must be one of ${choices.join(', ')}`,
    ...(instead === undefined ? {} : { instead }),
  }
}

function misfit(problem: string): Reading {
  return { fits: false, code: 'ARG_ERROR', problem }
}

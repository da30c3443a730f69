/**
 * Arguments by contract: argv and the environment in, typed values or every fault at once out (REQ-C-006).
 * Nothing is read or written here; what needs the file system or a schema validator is left to the caller.
 */
import { resolve } from 'node:path'
import { withSuggestions } from './correction.js'
import { readEnvironment } from './environment.js'
import type { ArgumentFault, Findings } from './faults.js'
import { type FlagLookup, flagLookup, type KnownFlag } from './flag-lookup.js'
import { readGiven } from './given.js'
import { readPositionals } from './positionals.js'
import { quoted } from './quoted.js'
import type { ParsedArguments, ParseRequest, SchemaCheck } from './request.js'
import { type Scan, scan } from './scan.js'

export type { ArgumentContract, ParsedArguments, ParseRequest } from './request.js'

/**
 * Parses a command's arguments (REQ-F-067, REQ-F-079, REQ-C-015, REQ-C-020, REQ-F-044, REQ-F-045).
 * A flag's value comes from the command line, else from its `env_vars`, else from its `default`;
 * a boolean that nobody gave is false, an array empty.
 */
export function parseArguments(request: ParseRequest): ParsedArguments {
  const lookup = flagLookup(request.contract.flags, request.globals)
  const attempt = (argv: readonly string[]) => {
    const found = scan(argv, lookup, request.contract.option_placement === 'strict')
    const findings: Findings = { faults: [], repairs: [] }
    return { found, findings, parsed: readAll(request, lookup, found, findings) }
  }
  const { found, findings, parsed } = attempt(request.argv)
  if (findings.faults.length === 0) return { ...parsed, errors: [] }
  const parses = (argv: readonly string[]) => attempt(argv).findings.faults.length === 0
  return { ...parsed, errors: withSuggestions(request, found, findings, parses) }
}

function readAll(
  request: ParseRequest,
  lookup: FlagLookup,
  found: Scan,
  findings: Findings,
): Omit<ParsedArguments, 'errors'> {
  const args: Record<string, unknown> = {}
  const globals: Record<string, unknown> = {}
  const present = new Set<string>()
  const schema_checks: SchemaCheck[] = []
  refuseUnknown(request, found, findings)

  const readFlag = (flag: KnownFlag, cwd: string): unknown => {
    const { name, declaration } = flag
    const options = found.given.get(flag)
    const given = options
      ? { value: readGiven(flag, options, cwd, findings) }
      : readEnvironment(flag, request.env, cwd, findings)
    if (given === null) return unsaid(flag, cwd, findings)
    if (given.value === undefined) return undefined
    if (options && given.value !== false) present.add(name)
    if (declaration.schema)
      schema_checks.push({ field: name, param: `--${name}`, value: given.value, schema: declaration.schema })
    return given.value
  }

  // `--cwd` first: all other paths are relative to it.
  const cwd_flag = lookup.long.get('cwd')
  const new_cwd = cwd_flag?.scope === 'global' ? readFlag(cwd_flag, request.cwd) : undefined
  const cwd = typeof new_cwd === 'string' ? new_cwd : request.cwd
  for (const flag of lookup.long.values()) {
    const is_cwd = flag === cwd_flag && flag.scope === 'global'
    const value = is_cwd ? new_cwd : readFlag(flag, cwd)
    if (value !== undefined) (flag.scope === 'global' ? globals : args)[flag.name] = value
  }
  refuseTogether(request.exclusive ?? [], present, findings.faults)
  for (const [name, value] of readPositionals(request.contract, found.words, cwd, findings)) {
    args[name] = value
    if (!Array.isArray(value) || value.length > 0) present.add(name)
  }
  return { args, globals, present, schema_checks }
}

/** The value of a flag that neither the command line nor the environment gives. */
function unsaid({ name, declaration }: KnownFlag, cwd: string, { faults }: Findings): unknown {
  const { type, required, default: value, pattern_type } = declaration
  if (value !== undefined && value !== null)
    return pattern_type === 'filepath' && typeof value === 'string' ? resolve(cwd, value) : value
  if (required === true) {
    faults.push({ field: name, param: `--${name}`, code: 'ARG_ERROR', message: `--${name} is required` })
    return undefined
  }
  return type === 'boolean' ? false : type === 'array' ? [] : undefined
}

function refuseUnknown({ tool, contract }: ParseRequest, found: Scan, { faults, repairs }: Findings): void {
  const owner = contract.name === '' ? tool : `'${contract.name}'`
  for (const { written, instead, index, size } of found.unknown) {
    faults.push({
      field: written.replace(/^-+/, ''),
      param: written,
      code: 'ARG_ERROR',
      message: `${quoted(written)} is not a flag of ${owner}`,
    })
    if (instead) repairs.push({ index, size, instead })
  }
}

function refuseTogether(
  groups: readonly (readonly string[])[],
  present: ReadonlySet<string>,
  faults: ArgumentFault[],
): void {
  for (const group of groups) {
    const [first, ...others] = group.filter(name => present.has(name))
    for (const other of others)
      faults.push({
        field: other,
        param: `--${other}`,
        code: 'ARG_ERROR',
        message: `--${other} cannot be given together with --${first}`,
      })
  }
}

/**
 * Registration: holds all contracts of a tool to the schema and to every rule, and reports everything at once.
 * Nothing that arrives from JavaScript makes it throw; a command that cannot even be read is a violation too.
 */
import { effectiveFlags } from './brought-flags.js'
import { GLOBAL_FLAGS } from './global-flags.js'
import { below, isPlainObject, type PlainObject, stringItems } from './plain-data.js'
import type { ToolIdentity } from './registry.js'
import { PARSING_RULES, RULES, TOOL_RULES, WARNING_RULES } from './rules/index.js'
import { schemaCompiler } from './schema-compiler.js'
import { type Candidate, merge, readSubject } from './subject.js'
import type { Finding, InputDeclaration, InputOf, RuleContext, Subject, Violation } from './violation.js'

export { type Candidate, candidateOf } from './subject.js'

export interface CheckResult {
  /** What refuses the tool; empty where every contract is accepted. */
  readonly violations: readonly Violation[]
  readonly warnings: readonly Violation[]
}

/**
 * Checks the contracts of a tool together: names, aliases and cleanup commands refer to each other.
 * Loads ajv, for the schemas that authors write.
 * @param commands all of them, the framework's own included; an author's command replaces a built-in of its name
 * @returns all violations of all commands, in the order of the commands; never rejects (design: the contract)
 */
export async function checkContracts(
  tool: ToolIdentity,
  commands: readonly Candidate[],
): Promise<CheckResult> {
  const read = commands.map(readSubject)
  const subjects = read.map(({ subject }) => subject)
  const context: RuleContext = {
    tool,
    globals: GLOBAL_FLAGS,
    subjects,
    by_name: byName(subjects),
    aliases: aliasesOf(subjects),
    schemas: await schemaCompiler(),
  }
  const found = new Map<Subject, Finding[]>()
  for (const { subject, shape } of read) {
    // What is no object has nothing for the rules to read.
    const readable = !shape.some(({ place }) => place === '')
    found.set(subject, merge(readable ? RULES.flatMap(rule => [...rule(subject, context)]) : [], shape))
  }
  // Collected before any is added: a parser's findings must not keep another rule from parsing.
  const input_of: InputOf = subject => soundInput(subject.data, found.get(subject) ?? [])
  const parsed = subjects.map(subject => PARSING_RULES.flatMap(rule => [...rule(subject, context, input_of)]))
  const violations = subjects.flatMap((subject, index) =>
    [...(found.get(subject) ?? []), ...(parsed[index] ?? [])].map(finding => named(subject, finding)),
  )
  const warnings = subjects.flatMap(subject =>
    WARNING_RULES.flatMap(rule => [...rule(subject, context)]).map(finding => named(subject, finding)),
  )
  const of_tool = TOOL_RULES.flatMap(rule => [...rule(tool)]).map(finding => ({ ...finding, command: '' }))
  return { violations: [...of_tool, ...violations], warnings }
}

/** What a command takes, with what that brings; null where its declaration is not sound. */
function soundInput(data: PlainObject, findings: readonly Finding[]): InputDeclaration | null {
  return declaresInput(data, findings) ? { ...data, flags: effectiveFlags(data) } : null
}

function declaresInput(
  data: PlainObject,
  findings: readonly Finding[],
): data is PlainObject & InputDeclaration {
  const parts = ['flags', 'positionals', 'option_placement', 'examples', 'danger_level', 'interactive']
  const unsound = findings.some(({ place }) =>
    parts.some(part => place === part || place.startsWith(below(part, ''))),
  )
  return !unsound && isPlainObject(data['flags'])
}

function byName(subjects: readonly Subject[]): ReadonlyMap<string, Subject> {
  const map = new Map<string, Subject>()
  for (const subject of [...subjects].sort((a, b) => Number(a.builtin) - Number(b.builtin))) {
    if (subject.name !== null && !map.has(subject.name)) map.set(subject.name, subject)
  }
  return map
}

function aliasesOf(subjects: readonly Subject[]): ReadonlyMap<string, string> {
  const map = new Map<string, string>()
  for (const { name, data } of subjects) {
    if (name === null) continue
    for (const [, alias] of stringItems(data['aliases'])) if (!map.has(alias)) map.set(alias, name)
  }
  return map
}

function named(subject: Subject, { code, place, message, fix }: Finding): Violation {
  return { code, command: subject.label, place, message, fix }
}

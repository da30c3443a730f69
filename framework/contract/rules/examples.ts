/** Examples are run through the parser: one that does not work teaches agents to fail. */
import { splitCommandLine } from '../../argv/command-line.js'
import { parseArguments } from '../../argv/parse.js'
import { resolveCommand } from '../../argv/resolve.js'
import type { Finding, InputDeclaration, ParsingRule, RuleContext } from '../violation.js'

/** Asked for, these are answered before anything is validated. */
const PURE_ANSWERS = ['help', 'version', 'schema', 'output-schema']

export const examples: ParsingRule = function* (command, context, input_of) {
  const input = input_of(command)
  if (input === null || command.name === null) return
  for (const [index, example] of (input.examples ?? []).entries()) {
    yield* exampleFindings(command.name, example.command, `examples.${index}.command`, input, context)
  }
}

function* exampleFindings(
  path: string,
  line: string,
  place: string,
  input: InputDeclaration,
  context: RuleContext,
): Iterable<Finding> {
  const finding = (code: string, message: string, fix: string): Finding => ({ code, place, message, fix })
  const words = splitCommandLine(line)
  if (words === null) {
    yield finding(
      'EXAMPLE_NOT_PLAIN',
      'It is no single call: it has an open quote, an expansion, a pipe or a redirection.',
      'Show one call with its values written out.',
    )
    return
  }
  const [tool, ...argv] = words
  if (tool !== context.tool.name) {
    yield finding(
      'EXAMPLE_OTHER_TOOL',
      `It calls '${tool ?? ''}'.`,
      `Begin it with the name of the tool: ${context.tool.name} ${path}.`,
    )
    return
  }
  const found = resolveCommand({
    tool: context.tool.name,
    argv,
    paths: [...context.by_name.keys()],
    aliases: context.aliases,
    globals: context.globals,
  })
  if (found.kind !== 'command' || found.path !== path) {
    yield finding(
      'EXAMPLE_OTHER_COMMAND',
      found.kind === 'command' ? `It calls '${found.path}'.` : 'It calls no command of this tool.',
      `Show a call of this command: ${context.tool.name} ${path}.`,
    )
    return
  }
  const parsed = parseArguments({
    tool: context.tool.name,
    contract: { ...input, name: path },
    globals: context.globals,
    argv: found.rest,
    env: {},
    cwd: '/',
  })
  if (PURE_ANSWERS.some(name => parsed.globals[name] === true)) return
  const misfits = parsed.schema_checks.flatMap(({ param, schema, value }) =>
    context.schemas.mismatches(schema, value).map(mismatch => `${param} does not fit: ${mismatch}`),
  )
  const errors = [...parsed.errors.map(error => error.message), ...misfits]
  if (errors.length > 0) {
    yield finding(
      'EXAMPLE_INVALID',
      `It would be refused: ${errors.join('; ')}.`,
      'Correct the example, or the declaration that it shows.',
    )
  }
}

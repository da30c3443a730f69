/** The source text of a compiled manifest: deterministic, and free of imports but for its own parts. */
import { partName } from './compiled.js'
import type { CommandContract } from './declaration.js'
import { standaloneExpression } from './output-check.js'
import { contractDigest } from './projection.js'
import type { Registry } from './registry.js'

export interface CompiledContent {
  /** The entry's name without its ending: the manifest is `<name>.manifest.js`. */
  readonly name: string
  readonly framework_version: string
  readonly registry: Registry
  readonly etag: string
  /** The whole ManifestResponse as JSON text. */
  readonly response_json: string
}

const HEADER = '// Compiled from the contracts of this tool; do not edit.\n'

/** The files that the route table loads, by their paths below the directory of this content. */
export async function partFiles({ registry, response_json }: CompiledContent): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  for (const [path, { contract }] of sorted(registry.commands)) {
    files.set(`commands/${partName(path)}.js`, await commandModule(contract))
  }
  files.set('response.js', `${HEADER}export default ${JSON.stringify(response_json)}\n`)
  return files
}

/** The module that a tool in production starts from. A function for each command would cost every start its parsing. */
export function routeTable(
  { name, registry, etag, framework_version }: CompiledContent,
  digest: string,
): string {
  const parts = `./${name}.manifest/${digest}`
  const routes = [...sorted(registry.commands)].map(([path, { contract, builtin }]) => {
    const fields = [
      `digest: ${JSON.stringify(contractDigest(contract))}`,
      ...(contract.aliases?.length ? [`aliases: ${JSON.stringify(contract.aliases)}`] : []),
      ...(builtin ? ['builtin: true'] : []),
    ]
    return `${JSON.stringify(path)}: { ${fields.join(', ')} },\n`
  })
  const { name: tool, version } = registry.tool
  return `${HEADER}export default {
format: 2,
framework_version: ${JSON.stringify(framework_version)},
tool: ${JSON.stringify({ name: tool, version })},
etag: ${JSON.stringify(etag)},
routes: {
${routes.join('')}},
command: name => import(${JSON.stringify(`${parts}/commands/`)} + name + '.js'),
response: () => import(${JSON.stringify(`${parts}/response.js`)}),
}
`
}

async function commandModule(contract: CommandContract): Promise<string> {
  const checks: string[] = []
  for (const [flag, { schema }] of sorted(Object.entries(contract.flags))) {
    if (schema !== undefined) checks.push(`${JSON.stringify(flag)}: ${await standaloneExpression(schema)},\n`)
  }
  // In the order in which the author wrote it, which help keeps. Parsed, for in a literal `__proto__` is no property.
  const data = `JSON.parse(${JSON.stringify(JSON.stringify(contract))})`
  const check = await standaloneExpression(contract.output_schema)
  return `${HEADER}export default {
contract: ${data},
check: ${check},
flag_checks: {${checks.length === 0 ? '' : `\n${checks.join('')}`}},
}
`
}

function sorted<T>(entries: Iterable<readonly [string, T]>): readonly (readonly [string, T])[] {
  return [...entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}

/** The text of a compiled manifest: deterministic, and free of imports. */
import { type CompiledManifest, commandFile, RESPONSE_FILE } from './compiled.js'
import type { CommandContract } from './declaration.js'
import { standaloneExpression } from './output-check.js'
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

/** The files beside the route table, by their paths below the directory of this content. */
export async function partFiles({ registry, response_json }: CompiledContent): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  for (const [path, { contract }] of sorted(registry.commands)) {
    files.set(commandFile(path), await commandScript(contract))
  }
  files.set(RESPONSE_FILE, response_json)
  return files
}

/** What a tool in production starts from: a module, of which `readManifest` takes the data without running it. */
export function routeTable(
  { name, registry, etag, framework_version }: CompiledContent,
  digest: string,
): string {
  const { name: tool, version } = registry.tool
  const table: Omit<CompiledManifest, 'at'> = {
    format: 3,
    framework_version,
    tool: { name: tool, version },
    etag,
    parts: `./${name}.manifest/${digest}/`,
    routes: Object.fromEntries(
      sorted(registry.commands).map(([path, { contract, builtin }]) => [
        path,
        {
          ...(contract.aliases?.length ? { aliases: contract.aliases } : {}),
          ...(builtin ? { builtin } : {}),
        },
      ]),
    ),
  }
  return `${HEADER}export default { at: import.meta.url, ...\n${JSON.stringify(table, null, 1)}\n}\n`
}

async function commandScript(contract: CommandContract): Promise<string> {
  const checks: string[] = []
  for (const [flag, { schema }] of sorted(Object.entries(contract.flags))) {
    if (schema !== undefined) checks.push(`${JSON.stringify(flag)}: ${await standaloneExpression(schema)},\n`)
  }
  // In the order in which the author wrote it, which help keeps. Parsed, for in a literal `__proto__` is no property.
  const data = `JSON.parse(${JSON.stringify(JSON.stringify(contract))})`
  const check = await standaloneExpression(contract.output_schema)
  return `${HEADER}(function () {
"use strict"
return {
contract: ${data},
check: ${check},
flag_checks: {${checks.length === 0 ? '' : `\n${checks.join('')}`}},
}
})()
`
}

function sorted<T>(entries: Iterable<readonly [string, T]>): readonly (readonly [string, T])[] {
  return [...entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}

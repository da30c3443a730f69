/** The manifest: all that a tool can do, in one deterministic answer (REQ-O-041). */
import { createHash } from 'node:crypto'
import { globalFlags } from '../framework/contract/global-flags.js'
import { canonicalJson } from '../framework/contract/projection.js'
import type { Registry } from '../framework/contract/registry.js'
import type { CommandEntry, EnvVarEntry, ManifestResponse } from '../schemas/generated/types.js'
import { commandEntry, dotPath } from './command-entry.js'
import { INHERITED } from './exit-code-entries.js'
import { globalFlagMap } from './flag-entries.js'
import { FRAMEWORK_VERSION } from './framework-version.js'

/** Of the manifest's own schema. From 3.16 on what is not there says something, and here it is meant. */
const SCHEMA_VERSION = '3.21'

/**
 * Projects the registry onto the wire. Equal registries give equal bytes; `etag` is the SHA-256, in hex, of the
 * canonical JSON of all the rest.
 */
export function manifestResponse(registry: Registry): ManifestResponse {
  const commands: [string, CommandEntry][] = [...registry.commands]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, command]) => [dotPath(path), commandEntry(command, registry)])
  const body = {
    schema_version: SCHEMA_VERSION,
    framework_version: FRAMEWORK_VERSION,
    flags: globalFlagMap(globalFlags(registry.tool.prefix)),
    exit_codes: INHERITED,
    env_vars: environment(registry.tool.prefix),
    commands: Object.fromEntries(commands),
  }
  return { ...body, etag: createHash('sha256').update(canonicalJson(body)).digest('hex') }
}

/** Variables that stand behind no flag (REQ-F-073). */
function environment(prefix: string): EnvVarEntry[] {
  return [
    { name: `${prefix}RUN_ID`, description: 'Set in what a run starts: the run inside which a call is made' },
    {
      name: `${prefix}STATE_DIR`,
      description: 'Where runs are recorded, instead of the state directory of the user',
    },
  ]
}

/** `version`: which tool, which framework, which Node. */
import { defineCommand } from '../../framework/author.js'
import { internalsOf } from '../../framework/invocation/internals.js'
import { FRAMEWORK_VERSION } from '../../manifest/framework-version.js'

export default defineCommand({
  name: 'version',
  description: 'Show the versions of the tool, of the framework, and of Node.',
  danger_level: 'safe',
  required_scopes: [],
  flags: {},
  exit_codes: { SUCCESS: { description: 'The versions are shown', retryable: false, side_effects: 'none' } },
  output_schema: {
    type: 'object',
    properties: {
      name: { type: 'string' },
      version: { type: 'string' },
      framework: { type: 'string' },
      framework_version: { type: 'string' },
      node_version: { type: 'string' },
    },
    required: ['name', 'version', 'framework', 'framework_version', 'node_version'],
  },
  examples: [{ description: 'Show the versions', command: '{tool} version' }],
  async execute(_args, ctx) {
    const { name, version } = internalsOf(ctx).facts.tool
    return {
      name,
      version,
      framework: 'chaperone',
      framework_version: FRAMEWORK_VERSION,
      node_version: process.versions.node,
    }
  },
})

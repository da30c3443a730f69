/** `manifest`: every contract of the tool in one answer (REQ-O-041), and the author's build step that compiles it. */
import { basename, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineCommand } from '../../framework/author.js'
import { FrameworkExit } from '../../framework/invocation/framework-exit.js'
import { internalsOf } from '../../framework/invocation/internals.js'
import { FRAMEWORK_VERSION } from '../../manifest/framework-version.js'

export default defineCommand({
  name: 'manifest',
  description: 'Show the contracts of all commands, or compile them for production.',
  danger_level: 'safe',
  required_scopes: [],
  flags: {
    etag: {
      type: 'string',
      description: 'What an earlier answer named; nothing is sent where it still holds',
    },
    write: {
      type: 'boolean',
      description: 'Write the compiled manifest beside the entry of the tool: a step of its build',
    },
  },
  exit_codes: {
    SUCCESS: { description: 'The manifest is shown or written', retryable: false, side_effects: 'none' },
    PRECONDITION: {
      description: 'The compiled manifest cannot be written',
      retryable: false,
      side_effects: 'none',
      error_codes: ['COMPILE_NAME_INVALID', 'COMPILE_BUSY', 'COMPILE_WRITE_FAILED', 'NO_ENTRY'],
    },
  },
  output_schema: { type: ['object', 'null'] },
  examples: [
    { description: 'All contracts', command: '{tool} manifest' },
    { description: 'Compile them, as a step of the build', command: '{tool} manifest --write' },
  ],
  async execute(args, ctx) {
    const { source, manifest_target, meta, prewritten } = internalsOf(ctx)
    for (const { code, command, place, message } of source.warnings)
      ctx.warn(code, `${command}: ${place}: ${message}`)
    if (args.write) {
      const place = manifest_target()
      if (place?.is_read === false)
        ctx.warn(
          'MANIFEST_NOT_READ',
          `nothing reads what is written: give the definition manifest: new URL('./${basename(place.url.pathname)}', import.meta.url)`,
        )
      return write(
        await source.registry(),
        place?.url ?? null,
        await source.response_json(),
        await source.etag(),
      )
    }
    // What the caller has already is not sent again (REQ-O-041).
    const is_known = args.etag !== undefined && args.etag === (await source.etag())
    if (is_known) meta({ not_modified: true })
    prewritten(is_known ? 'null' : await source.response_json())
    return {}
  },
})

type Registry = Parameters<
  typeof import('../../framework/contract/write-compiled.js')['writeCompiled']
>[0]['registry']

async function write(registry: Registry, target: URL | null, response_json: string, etag: string) {
  if (!target)
    throw new FrameworkExit(
      'PRECONDITION',
      'NO_ENTRY',
      'the tool has no entry file to write a manifest beside',
      {
        fix_required: 'call the tool by its executable, or give createTool the URL of its manifest',
      },
    )
  const { CompiledWriteError, writeCompiled } = await import('../../framework/contract/write-compiled.js')
  const path = fileURLToPath(target)
  try {
    const written = await writeCompiled({
      directory: dirname(path),
      name: basename(path).replace(/\.manifest\.m?js$/, ''),
      framework_version: FRAMEWORK_VERSION,
      registry,
      etag,
      response_json,
    })
    return { written: [...written], etag }
  } catch (error) {
    if (!(error instanceof CompiledWriteError)) throw error
    throw new FrameworkExit('PRECONDITION', error.code, error.message, { fix_required: error.fix })
  }
}

/**
 * Reads a compiled manifest. Its files are read and run as what they are, a text, data and a script: each module that
 * Node imports costs a start a millisecond.
 */
import { readFileSync } from 'node:fs'
import { Script } from 'node:vm'
import { type CompiledCommand, type CompiledManifest, commandFile, RESPONSE_FILE } from './compiled.js'

/**
 * @param url of `<name>.manifest.js`
 * @returns null where it is none of this format
 * @throws a system error where it cannot be read, SyntaxError where it is no manifest
 */
export function readManifest(url: URL): CompiledManifest | null {
  const text = readFileSync(url, 'utf8')
  const table: Omit<CompiledManifest, 'at'> = JSON.parse(
    text.slice(text.indexOf('\n{') + 1, text.lastIndexOf('}')),
  )
  return isManifest(table) ? { ...table, at: url.href } : null
}

/** Whether a module's export, or what was read, is a manifest of this format. */
export const isManifest = ({ format, routes, tool, parts }: Partial<CompiledManifest>): boolean =>
  format === 3 && isObject(routes) && isObject(tool) && typeof parts === 'string'

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null

/** @throws whatever keeps the part from being read or run */
export function readCommand(manifest: CompiledManifest, path: string): CompiledCommand {
  const url = partUrl(manifest, commandFile(path))
  return new Script(readFileSync(url, 'utf8'), { filename: url.href }).runInThisContext()
}

/** @throws a system error where it cannot be read, SyntaxError where it has no end */
export function readResponse(manifest: CompiledManifest): string {
  const text = readFileSync(partUrl(manifest, RESPONSE_FILE), 'utf8')
  if (!text.endsWith('}')) throw new SyntaxError('the end is missing')
  return text
}

const partUrl = ({ parts, at }: CompiledManifest, file: string): URL => new URL(parts + file, at)

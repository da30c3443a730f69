/** Runs the code under test in a process of its own: another user, another namespace, or with nothing left to use. */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** A script bundled with the framework's sources, readable by every user. */
export class Bundle {
  readonly #directory = mkdtempSync(join(tmpdir(), 'bundle-'))
  readonly path = join(this.#directory, 'script.mjs')

  /** @param source TypeScript; imports are relative to the repository's root */
  constructor(source: string) {
    buildSync({
      stdin: { contents: source, resolveDir: ROOT, loader: 'ts' },
      bundle: true,
      platform: 'node',
      format: 'esm',
      // CommonJS packages in the bundle ask for Node's modules by it.
      banner: {
        js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
      },
      outfile: this.path,
      logLevel: 'silent',
    })
    chmodSync(this.#directory, 0o755)
    chmodSync(this.path, 0o644)
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

/**
 * Runs a source to its end.
 * @param command what to put before `node script`, such as `unshare` with its options
 * @returns what it printed last, read as JSON
 */
export function runElsewhere(
  source: string,
  command: readonly string[] = [],
  args: readonly string[] = [],
): unknown {
  const bundle = new Bundle(source)
  try {
    const [program, ...rest] = [...command, process.execPath, bundle.path, ...args]
    const { stdout, stderr, status } = spawnSync(program ?? '', rest, { encoding: 'utf8', timeout: 50_000 })
    if (status !== 0) throw new Error(`exit ${status}: ${stderr || stdout}`)
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
  } finally {
    bundle.remove()
  }
}

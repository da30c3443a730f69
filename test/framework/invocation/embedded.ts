/** Tools that live inside the test's own process, each with a world of its own below one directory. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createTool, defineCommand, type Tool } from '../../../framework/index.js'
import type { BaseContext } from '../../../framework/invocation/context.js'

export interface World {
  readonly path: string
  /** What a call is given as its process's environment. */
  readonly env: Readonly<Record<string, string | undefined>>
}

export function world(): World {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'chaperone-invocation-')))
  onTestFinished(() => rmSync(path, { recursive: true, force: true, maxRetries: 5 }))
  mkdirSync(join(path, 'home'))
  return {
    path,
    env: { PATH: process.env['PATH'], HOME: join(path, 'home'), EMBEDDED_STATE_DIR: join(path, 'state') },
  }
}

export type Handler = (ctx: BaseContext) => Promise<Record<string, unknown>>

/** A tool `embedded` whose commands are these handlers. */
export function embedded(handlers: Readonly<Record<string, Handler>>): Promise<Tool> {
  return createTool({
    name: 'embedded',
    version: '1.0.0',
    description: 'A tool inside a test.',
    commands: Object.entries(handlers).map(([name, handler]) =>
      defineCommand({
        name,
        description: 'Do what the test wants.',
        danger_level: 'safe',
        required_scopes: [],
        flags: {},
        exit_codes: {
          SUCCESS: { description: 'Done', retryable: false, side_effects: 'complete' },
          GENERAL_ERROR: { description: 'Failed', retryable: false, side_effects: 'partial' },
        },
        output_schema: { type: 'object' },
        execute: (_, ctx) => handler(ctx),
      }),
    ),
  })
}

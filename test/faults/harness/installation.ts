/** An installation of one world alone, which can be deleted or replaced under what runs by it. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inject } from 'vitest'
import type { Scene } from '../../e2e/harness/sandbox.js'
import type { World } from './world.js'

export class Installation implements Pick<Scene, 'path' | 'tool'> {
  readonly path: string
  readonly #place: string

  constructor(world: World) {
    this.path = world.path
    this.#place = join(world.path, 'installation')
    this.install()
  }

  /** The entry of the reference tool. */
  get script(): string {
    return join(this.#place, 'node_modules/chaperone/dist/bin/chaperone.js')
  }

  /** Writes a tool that uses this installation, and goes with it. */
  tool(name: string, source: string): string {
    const path = join(this.#place, `${name}.mjs`)
    writeFileSync(path, source)
    return path
  }

  /** As npm leaves it, of a later version by its name; only the package itself is there for this test alone. */
  install(): void {
    const modules = join(inject('consumer'), 'node_modules')
    const own = join(this.#place, 'node_modules')
    mkdirSync(own, { recursive: true })
    for (const name of readdirSync(modules).filter(name => !name.startsWith('.') && name !== 'chaperone'))
      symlinkSync(join(modules, name), join(own, name))
    for (const part of ['dist', 'schemas', 'package.json'])
      cpSync(join(modules, 'chaperone', part), join(own, 'chaperone', part), { recursive: true })
    const path = join(own, 'chaperone/package.json')
    writeFileSync(path, readFileSync(path, 'utf8').replace(/"version": "[^"]*"/, '"version": "0.99.0"'))
  }

  delete(): void {
    rmSync(this.#place, { recursive: true })
  }
}

/** The runtimes that the conformance suite is held against. */
import type { Sandbox } from '../harness/sandbox.js'
import { ForegroundWorld, LaunchedWorld, type World, type WorldOptions } from './worlds.js'

export interface Adapter {
  readonly runtime: string
  /** The members of the handle that `show` answers with. */
  readonly handle: readonly string[]
  /** The program has a terminal of its own: what it writes passes through one. */
  readonly has_terminal: boolean
  /** The run lives on when its call has ended; else the call holds it. */
  readonly outlives_call: boolean
  world(sandbox: Sandbox, options?: WorldOptions): World
}

export const ADAPTERS: readonly Adapter[] = [
  {
    runtime: 'foreground',
    handle: ['pid', 'pgid'],
    has_terminal: false,
    outlives_call: false,
    world: (sandbox, options = {}) => new ForegroundWorld(sandbox, options),
  },
  {
    runtime: 'background',
    handle: ['pid', 'pgid'],
    has_terminal: false,
    outlives_call: true,
    world: (sandbox, options = {}) => new LaunchedWorld('background', sandbox, options),
  },
  {
    runtime: 'tmux',
    handle: ['socket', 'window'],
    has_terminal: true,
    outlives_call: true,
    world: (sandbox, options = {}) => new LaunchedWorld('tmux', sandbox, options),
  },
]

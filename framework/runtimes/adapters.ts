/** The runtimes by name. What few calls ask for is loaded by them. */
import type { RuntimeAdapter, RuntimeName } from './adapter.js'
import { background } from './background.js'

const ADAPTERS: Readonly<Record<RuntimeName, () => Promise<RuntimeAdapter>>> = {
  background: async () => background,
  tmux: async () => (await import('./tmux.js')).tmuxRuntime,
}

export const adapterOf = (runtime: RuntimeName): Promise<RuntimeAdapter> => ADAPTERS[runtime]()

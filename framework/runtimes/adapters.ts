/** The runtimes by name. What a call does not ask for is not loaded. */
import type { RuntimeAdapter, RuntimeName } from './adapter.js'

const ADAPTERS: Readonly<Record<RuntimeName, () => Promise<RuntimeAdapter>>> = {
  background: async () => (await import('./background.js')).background,
  tmux: async () => (await import('./tmux.js')).tmuxRuntime,
}

export const adapterOf = (runtime: RuntimeName): Promise<RuntimeAdapter> => ADAPTERS[runtime]()

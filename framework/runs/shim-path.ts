/** Where the built shim lies: one level below `dist`, as every bundle and chunk of the build does. */
import { fileURLToPath } from 'node:url'

export const shimPath = (): string => fileURLToPath(new URL('../framework/shim/shim.js', import.meta.url))

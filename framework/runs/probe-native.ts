/** Trying the native module in a process of its own: a broken one may end whoever loads it. */
import { spawn } from 'node:child_process'
import { minimalEnvironment } from '../process/environment.js'
import { ownChild } from '../process/own-children.js'
import { installedShimPath } from './shim-path.js'
import type { TrackingVerdict } from './tracking-verdict.js'

const DEADLINE_MS = 15_000

/**
 * @param path of the native module
 * @param signal ends it
 * @throws Error where no process can be started, or it says nothing for 15 s: nothing is known then
 */
export function probeNative(path: string, signal?: AbortSignal): Promise<TrackingVerdict> {
  const child = ownChild(
    spawn(process.execPath, [installedShimPath(), 'probe-native', path], {
      cwd: '/',
      env: minimalEnvironment(process.env),
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: DEADLINE_MS,
      killSignal: 'SIGKILL',
      ...(signal ? { signal } : {}),
    }),
  )
  let said = ''
  child.stdout.on('data', chunk => {
    said += chunk
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (code === 0) resolve({ works: true, reason: null })
      else if (code === 1) resolve({ works: false, reason: said })
      else if (isCrash(signal)) resolve({ works: false, reason: crashReason(path, signal) })
      else reject(new Error(`the probe of ${path} ended with ${signal ?? code}`))
    })
  })
}

/** Signals by which a process ends itself, and which nobody sends to another one. */
const CRASHES = new Set<unknown>(['SIGSEGV', 'SIGILL', 'SIGBUS', 'SIGFPE', 'SIGABRT', 'SIGTRAP', 'SIGSYS'])

export const isCrash = (signal: unknown): signal is NodeJS.Signals => CRASHES.has(signal)

export const crashReason = (path: string, signal: NodeJS.Signals): string =>
  `a process that loads ${path} ends with ${signal}`

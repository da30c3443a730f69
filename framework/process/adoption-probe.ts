/** Whether a subreaper really gets the orphans below it: asked of an orphan, since a kernel or sandbox may only say yes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { afterHearing, monotonicMs, pause } from './clock.js'
import { ownChild } from './own-children.js'
import { readStat } from './stat.js'
import type { Subreaper } from './subreaper.js'

/** The shell ends at once and leaves a child, which waits for the end of our pipe. */
const SCRIPT = `(read -r _ <&3) >/dev/null & echo $!`
const SHELL_MS = 3_000
const REAPING_MS = 1_000
const POLL_MS = 1

/**
 * Starts a process, orphans it, looks whose child it is, and reaps it.
 * @throws Error where that cannot be tried, or the process not be reaped: nothing is known then
 */
export async function isAdopting(subreaper: Subreaper): Promise<boolean> {
  const shell = ownChild(
    spawn('/bin/sh', ['-c', SCRIPT], { cwd: '/', env: {}, stdio: ['ignore', 'pipe', 'ignore', 'pipe'] }),
  )
  // A shell whose end nobody can learn of must not keep us.
  shell.unref()
  const pipe = shell.stdio[3]
  pipe?.on('error', () => {
    // The orphan is gone, and tells no more than that it was there.
  })
  let orphan: number | null = null
  try {
    orphan = await orphanOf(shell)
    const stat = readStat(orphan)
    if (!stat) throw new Error('/bin/sh left no process')
    if (stat.ppid !== process.pid) return false
  } finally {
    shell.stdout?.destroy()
    pipe?.destroy()
  }
  await reaped(subreaper, orphan)
  return true
}

/** @returns its pid, once its parent has ended */
function orphanOf(shell: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let said = ''
    let has_ended = false
    const heard = (): void => {
      if (has_ended && said.endsWith('\n')) settle(() => resolve(Number(said)))
    }
    const cancel = afterHearing(SHELL_MS, () => settle(() => reject(new Error('/bin/sh did not end'))))
    const settle = (how: () => void): void => {
      cancel()
      how()
    }
    shell.once('error', error => settle(() => reject(error)))
    shell.stdout?.on('data', chunk => {
      said += chunk
      heard()
    })
    shell.once('exit', () => {
      has_ended = true
      heard()
    })
  })
}

async function reaped(subreaper: Subreaper, pid: number): Promise<void> {
  const deadline = monotonicMs() + REAPING_MS
  while (readStat(pid)?.ppid === process.pid) {
    if (monotonicMs() > deadline) throw new Error(`process ${pid} cannot be reaped`)
    subreaper.reap()
    await pause(POLL_MS)
  }
}

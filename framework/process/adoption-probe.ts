/** Whether a subreaper really gets the orphans below it: asked of an orphan, since a kernel or sandbox may only say yes. */
import { spawn } from 'node:child_process'
import { pause } from './clock.js'
import { ownChild } from './own-children.js'
import { readStat } from './stat.js'
import type { Subreaper } from './subreaper.js'

/** The shell ends at once and leaves a child, which waits for the end of our pipe. */
const SCRIPT = `(read -r _ <&3) >/dev/null & echo $!`
const DEADLINE_MS = 5_000
const POLL_MS = 1

/**
 * Starts a process, orphans it, and looks whose child it is. Nothing of it is left afterwards.
 * @throws Error where that cannot be tried
 */
export async function isAdopting(subreaper: Subreaper): Promise<boolean> {
  const shell = ownChild(
    spawn('/bin/sh', ['-c', SCRIPT], { cwd: '/', env: {}, stdio: ['ignore', 'pipe', 'ignore', 'pipe'] }),
  )
  const pipe = shell.stdio[3]
  pipe?.on('error', () => {
    // The orphan is gone, and tells no more than that it was there.
  })
  let said = ''
  shell.stdout?.on('data', chunk => {
    said += chunk
  })
  try {
    await new Promise((resolve, reject) => {
      shell.once('error', reject)
      // It has ended when its child has lost it, and what it said has come when its stdout has.
      shell.once('exit', () =>
        shell.stdout?.readableEnded ? resolve(null) : shell.stdout?.once('end', resolve),
      )
      setTimeout(() => reject(new Error('/bin/sh did not end')), DEADLINE_MS).unref()
    })
    const orphan = readStat(Number(said.trim()))
    if (!orphan) throw new Error('/bin/sh left no process')
    return orphan.ppid === process.pid
  } finally {
    pipe?.destroy()
    await reaped(subreaper, Number(said.trim()))
  }
}

async function reaped(subreaper: Subreaper, pid: number): Promise<void> {
  for (let waited = 0; waited < DEADLINE_MS && readStat(pid)?.ppid === process.pid; waited += POLL_MS) {
    subreaper.reap()
    await pause(POLL_MS)
  }
}

/** What every test of this room has: a stage of its own, cleared when the test is over, and the identities of what is on it. */
import { afterEach, beforeEach } from 'vitest'
import { identify, type ProcessIdentity } from '../../../framework/process/identity.js'
import { ps, Stage, waitFor } from './witness.js'

/** Of the test that runs now. */
export let stage: Stage

beforeEach(() => {
  stage = new Stage()
})
afterEach(() => stage.clear())

/** The identity of a process that is there. */
export function identityOf(pid: number): ProcessIdentity {
  const identity = identify(pid)
  if (!identity) throw new Error(`no process ${pid}`)
  return identity
}

/** Starts a process that nobody reaps, and waits until it has ended. @returns its pid */
export async function startZombie(): Promise<number> {
  stage.python(
    `import os,time
pid=os.fork()
if pid==0: os._exit(0)
open(os.environ['D']+'/zombie','w').write(str(pid))
time.sleep(600)`,
  )
  const zombie = await stage.pidIn('zombie')
  await waitFor('a zombie', () => ps(zombie, 'stat')?.startsWith('Z'))
  return zombie
}

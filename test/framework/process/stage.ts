/** What every test of this room has: a stage of its own, cleared when the test is over, and the identities of what is on it. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
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

/** Python that defines `show_nothing()` and `show_all()`: whether the process shows its environment and arguments. */
const SHOWING = `
import ctypes,os,struct,time
libc=ctypes.CDLL(None)
libc.sbrk.restype=ctypes.c_ulong
def show(args_end,env_end):
    # PR_SET_MM_MAP of PR_SET_MM, prctl(2)
    bounds=struct.pack('11Q Q I i',code,code_end,data,data_end,heap,libc.sbrk(0),stack,args,args_end,env,env_end,0,0,-1)
    if libc.prctl(35,14,bounds,ctypes.c_ulong(len(bounds)),ctypes.c_ulong(0)): os._exit(1)
# By their numbers in proc_pid_stat(5).
fields=[0]*3+open('/proc/self/stat').read().rsplit(')',1)[1].split()
code,code_end,stack=map(int,fields[26:29])
data,data_end,heap,args,args_end,env,env_end=map(int,fields[45:52])
show_nothing=lambda: show(args,env)
show_all=lambda: show(args_end,env_end)
`

/** Whether a process may say here that it has neither environment nor arguments. */
export const can_show_nothing = spawnSync('python3', ['-c', `${SHOWING}show_nothing()`]).status === 0

/**
 * Starts a main process with a child in its group that shows neither environment nor arguments, as one does in the middle
 * of an execve(2), until it is told to.
 */
export async function startShowingNothing() {
  const main = stage.python(`${SHOWING}
d=os.environ['D']
if os.fork(): time.sleep(600)
show_nothing()
open(d+'/new','w').write(str(os.getpid()))
os.rename(d+'/new',d+'/child')
while not os.path.exists(d+'/told'): time.sleep(.005)
show_all()
time.sleep(600)`)
  const child = await stage.pidIn('child')
  stage.alsoEnd(child)
  return { main, child, tell: () => writeFileSync(stage.path('told'), '') }
}

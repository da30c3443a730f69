import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { lookAtChildren, tabledChildren } from '../../../framework/process/children.js'
import { stage } from './stage.js'

test.each([
  ['by the kernel’s lists', lookAtChildren],
  ['by the process table', tabledChildren],
])('all of a thousand children are found %s, ended and unreaped ones too', async (_, begin) => {
  stage.python(
    `import os,time
pids=[]
for _ in range(1000):
  pid=os.fork()
  if pid==0: os._exit(0)
  pids.append(pid)
open(os.environ['D']+'/children','w').write(' '.join(map(str,pids)))
open(os.environ['D']+'/parent','w').write(str(os.getpid()))
time.sleep(600)`,
  )
  const parent = await stage.pidIn('parent')
  const born = readFileSync(stage.path('children'), 'utf8').split(' ').map(Number)
  const found = begin()({ pid: parent, threads: 1 })
  expect([...found].sort((a, b) => a - b)).toEqual(born.sort((a, b) => a - b))
})

/** Whoever asks an owner for a stop may have read its records just before the end was there. */
import { spawnSync } from 'node:child_process'
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Launch } from './harness/launch.js'
import { inEveryWay } from './harness/ways.js'
import { World } from './harness/world.js'

/** What a pipe holds (pipe(7)): the answer of the call finds no room in it. */
const PIPE_BYTES = 65_536

inEveryWay(['run', 'ctx.run'], ({ verb, method }) => {
  test('a question that comes after the end does not end the call, which has yet to answer', async () => {
    const world = World.create(method)
    const path = join(world.path, 'full')
    expect(spawnSync('mkfifo', [path]).status).toBe(0)
    const fifo = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
    try {
      const fill = `head -c ${PIPE_BYTES} /dev/zero >'${path}'; read -r _ <'${join(world.path, 'go')}'; exit 7`
      expect(spawnSync('mkfifo', [join(world.path, 'go')]).status).toBe(0)
      const launch = new Launch(world, verb, ['sh', '-c', fill])
      const through = ['/bin/sh', '-c', `exec "$@" >'${path}' 2>&1`, 'sh', ...launch.argv('s')]
      const { answer } = await world.exec(through)
      const { run_id, owner } = await launch.running('s')
      await world.sh(`echo >'${join(world.path, 'go')}'`)
      await launch.record(run_id, 'end')
      expect(await world.witness.kill(owner, 'SIGUSR2')).toBe(true)
      const bytes = Buffer.alloc(2 * PIPE_BYTES)
      expect(readSync(fifo, bytes)).toBeGreaterThan(0)
      const { exit } = await answer
      expect(exit).toEqual({ code: verb === 'run' ? 7 : 0, signal: null })
      await world.nothingLeft()
    } finally {
      closeSync(fifo)
    }
  })
})

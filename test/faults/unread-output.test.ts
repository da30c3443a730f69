/**
 * Nobody reads what a captured program writes: whoever reads late gets all of it, a run that was ended waits no longer
 * for that, and its log has all.
 */
import { spawnSync } from 'node:child_process'
import { closeSync, constants, openSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Launch } from './harness/launch.js'
import { inEveryWay, type Way } from './harness/ways.js'
import { World } from './harness/world.js'

/** More than the pipe to the reader holds, and less than that and the pipe from the program (pipe(7)). */
const BYTES = 100_000

inEveryWay(['run'], way => {
  test('its lifetime is over: it is ended, and so is the call', async () => {
    const { world, launch, answer } = await unread(
      way,
      ['yes'],
      ['--max-lifetime', '1s', '--kill-after', '1s'],
    )
    const { run_id } = await launch.running('s')
    expect((await answer).exit).toEqual({ code: 143, signal: null })
    expect(launch.read(run_id, 'end')).toMatchObject({ stop_cause: 'max_lifetime', survivors: [] })
    await world.nothingLeft()
  })

  test('it ended by itself, and the reader comes after that: it gets all', async () => {
    const program = ['sh', '-c', `head -c ${BYTES} /dev/zero; exit 7`]
    const { world, launch, answer, path } = await unread(way, program)
    const { run_id } = await launch.running('s')
    await launch.record(run_id, 'end')
    const read = await world.sh(`timeout 30 head -c ${BYTES} '${path}' | wc -c`)
    expect(Number(read.stdout)).toBe(BYTES)
    expect((await answer).exit).toEqual({ code: 7, signal: null })
    await world.nothingLeft()
  })

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'it ended by itself, and the call waits for its reader until %s: the code is the program’s',
    async signal => {
      const program = ['sh', '-c', `head -c ${BYTES} /dev/zero; exit 7`]
      const { world, launch, answer } = await unread(way, program)
      const { run_id, owner } = await launch.running('s')
      await launch.record(run_id, 'end')
      expect(await world.witness.kill(owner, signal)).toBe(true)
      expect((await answer).exit).toEqual({ code: 7, signal: null })
      expect(statSync(join(launch.state, 'runs', run_id, 'output.log')).size).toBe(BYTES)
      await world.nothingLeft()
    },
  )
})

async function unread({ verb, method }: Way, program: readonly string[], options: readonly string[] = []) {
  const world = World.create(method)
  const path = join(world.path, 'unread')
  expect(spawnSync('mkfifo', [path]).status).toBe(0)
  const reader = openSync(path, constants.O_RDWR)
  onTestFinished(() => closeSync(reader))
  const launch = new Launch(world, verb, program, ['--capture', ...options])
  const { answer } = await world.exec(launch.argv('s'), { stdout: path })
  return { world, launch, answer, path }
}

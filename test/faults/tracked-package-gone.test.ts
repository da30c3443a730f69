/**
 * The package goes while a command waits for its tracked child: its caller killed, its guard ends the child and all
 * that is below it; its program ended, the command gets the exit code and ends what is left.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { probe } from '../e2e/tracked/probe.js'
import { Installation } from './harness/installation.js'
import { Launch } from './harness/launch.js'
import { inEveryWay, type Method } from './harness/ways.js'
import { World } from './harness/world.js'

/** When it is let go it leaves one child in its group and one in a session of its own. */
const PROGRAM = [
  'sh',
  '-c',
  `sleep 3600 & echo $! >>children; setsid sleep 3600 & echo $! >>children
while [ -e hold ]; do sleep 0.05; done; exit 7`,
]

inEveryWay(['ctx.run'], ({ method }) => {
  test('its caller is killed: the guard ends the family with nobody calling', async () => {
    const { world, launch, installation } = await tracked(method)
    const { run_id, owner } = await launch.running('s')
    await launch.seen(run_id, await world.pidsIn('children', 2))
    installation.delete()
    expect(await world.witness.kill(owner, 'SIGKILL')).toBe(true)
    await world.nothingLeft()
    expect(launch.read(run_id, 'end')).toMatchObject({
      stop_cause: 'owner_lost',
      survivors: [],
      leftovers: [],
    })
  })

  test('its program ends: the command is told how, and when it answers, what was left is gone', async () => {
    const { world, launch, installation, answer } = await tracked(method)
    const { run_id } = await launch.running('s')
    await launch.seen(run_id, await world.pidsIn('children', 2))
    installation.delete()
    rmSync(join(world.path, 'hold'))
    const { code, stdout, stderr } = await answer
    expect((await world.survivors()).filter(({ comm }) => comm === 'sleep')).toEqual([])
    expect(code, `${stdout}${stderr}`).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, data: { exit_code: 7 } })
    expect(launch.read(run_id, 'end')).toMatchObject({ exit_code: 7, survivors: [], leftovers: [] })
    await world.nothingLeft()
  })
})

async function tracked(method: Method) {
  const world = World.create(method)
  const installation = new Installation(world)
  writeFileSync(join(world.path, 'hold'), '')
  const body = `const { exit_code } = await ctx.run(${JSON.stringify(PROGRAM)})\nreturn { exit_code }`
  const launch = new Launch(world, 'ctx.run', PROGRAM, [], probe(installation, body))
  const { answer } = await world.exec(launch.argv('s'))
  return { world, launch, installation, answer }
}

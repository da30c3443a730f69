/** Output without a line feed and without end, that is cut while it is read, or held open by who should be gone. */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Launcher } from '../e2e/background/launcher.js'
import { until } from '../e2e/harness/until.js'
import { reportOf } from '../e2e/run/calls.js'
import { probe } from '../e2e/tracked/probe.js'
import { inEveryWay } from './harness/ways.js'
import type { Below } from './harness/witness.js'
import { commandOf, DEADLINE_MS, program, type Running, World } from './harness/world.js'

const CAP = 1024 * 1024
const USUAL_CAP = 64 * CAP
const NUMBERS = 2_000_000
/** More than the usual cap, of ten bytes each. */
const MANY_NUMBERS = 8_000_000
/** A grandchild that no look finds, and that goes on writing to what it was given. */
const STRAY = `(setsid env -i sh -c 'while :; do echo late; sleep 0.05; done' &)`

inEveryWay(['start'], ({ method }) => {
  test('a flood: its log keeps to the cap, head and tail in order, and whoever reads it comes to the end', async () => {
    const { world, tool, follow } = await flooded(method, `${program('flood')} ${NUMBERS}`)
    const { run_id, log_path, answer } = await follow()
    expect((await answer).code).toBe(0)
    expectInOrder((await answer).stdout, NUMBERS)
    expect(onDisk(log_path)).toBeLessThanOrEqual(CAP)
    const kept = expectInOrder(readFileSync(log_path, 'latin1').replaceAll(/\0+/g, ' '), NUMBERS)
    expect(kept[0]).toBe(0)
    expect(kept.length * 10).toBeGreaterThan(CAP / 4)
    for (const argv of [
      ['logs', run_id],
      ['logs', run_id, '-n', '1'],
      ['logs', run_id, '-f'],
    ])
      expect((await tool.call(argv)).code).toBe(0)
    await world.nothingLeft()
  })

  test('a log that is emptied again and again while it is followed comes out in order, to its end', async () => {
    const { world, follow } = await flooded(method, `${program('flood')} ${NUMBERS} 7`)
    const { answer } = await follow()
    expect((await answer).code).toBe(0)
    expectInOrder((await answer).stdout, NUMBERS)
    await world.nothingLeft()
  })

  test('a log that a grandchild holds after the end is read to the end of the run, and no further', async () => {
    const { world, tool, follow } = await flooded(method, `${STRAY}; sleep 0.2; printf last; exit 7`)
    const { run_id, answer } = await follow()
    const { code, stdout } = await answer
    expect(code).toBe(0)
    expect(stdout).toContain('last')
    for (const argv of [
      ['logs', run_id],
      ['logs', run_id, '-f'],
      ['wait', run_id],
    ]) {
      const { code, stdout } = await tool.call(argv)
      expect(code, `${argv.join(' ')}: ${stdout}`).toBe(0)
    }
    expect((await tool.call(['show', run_id])).envelope.data).toMatchObject({ exit_code: 7 })
    await nothingLeftButStray(world)
  })
})

inEveryWay(['run --capture'], ({ method }) => {
  test('a flood passes whole and in order, and its copy keeps to the cap', async () => {
    const world = World.create(method)
    const answer = await world.call(['run', '--capture', '--', program('flood'), String(MANY_NUMBERS)])
    expect(answer.code).toBe(0)
    expect(expectInOrder(answer.stdout, MANY_NUMBERS)).toHaveLength(MANY_NUMBERS)
    const { log_path } = reportOf(answer).data
    expect(onDisk(log_path)).toBeLessThanOrEqual(USUAL_CAP)
    expect(expectInOrder(readFileSync(log_path, 'latin1').replaceAll(/\0+/g, ' '), MANY_NUMBERS)[0]).toBe(0)
    await world.nothingLeft()
  })

  test('whoever still holds the output does not keep its reader from the end', async () => {
    const world = World.create(method)
    const held = `sleep 3600 & until grep -q sleep /proc/$!/comm; do :; done; ${STRAY}; echo first; exit 7`
    world.file('held.sh', held)
    const line = 'chaperone run --capture --grace 200ms --report report.json -- sh held.sh | cat'
    const answer = await world.sh(line)
    expect(answer.stdout).toMatch(/^first$/m)
    const { data } = JSON.parse(readFileSync(`${world.path}/report.json`, 'utf8'))
    expect(data.exit_code).toBe(7)
    expect(data.background_processes).toContainEqual(expect.objectContaining({ cmd: 'sleep 3600' }))
    expect((await world.call(['logs', data.run_id, '-f', '--format', 'plain'])).code).toBe(0)
    expect((await world.call(['stop', data.run_id])).code).toBe(0)
    await nothingLeftButStray(world)
  })
})

inEveryWay(['ctx.run'], ({ method }) => {
  test('a flood is kept up to its limit, and one who holds the output keeps nobody waiting', async () => {
    const world = World.create(method)
    const script = probe(
      world,
      `
      const flood = await ctx.run(${JSON.stringify([program('flood'), String(NUMBERS)])}, { max_output_bytes: ${CAP} })
      const held = await ctx.run(['sh', '-c', ${JSON.stringify(`${STRAY}; echo first; exit 7`)}])
      return { kept: flood.stdout, truncated: flood.truncated, codes: [flood.exit_code, held.exit_code], said: held.stdout }`,
    )
    const answer = await world.call(['go'], { script })
    expect(answer.code, answer.stderr).toBe(0)
    const { kept, truncated, codes, said } = answer.envelope.data
    expect({ truncated, codes }).toEqual({ truncated: true, codes: [0, 7] })
    // Of one byte each.
    expect(kept).toHaveLength(CAP)
    expect(kept).toMatch(/^000000000\.000000001\./)
    expect(said).toMatch(/^first$/m)
    await nothingLeftButStray(world)
  })
})

/** With a subreaper it ends as all others do; by looking alone it is missed, and nobody else is. */
async function nothingLeftButStray(world: World): Promise<void> {
  if (world.method === 'subreaper') return world.nothingLeft()
  const isStray = ({ pid }: Below) => /^(sh -c while :; do echo late;.*|sleep 0\.05)$/.test(commandOf(pid))
  const isAlone = async () => (await world.survivors()).every(isStray)
  await until('nothing but the stray to be left', isAlone, DEADLINE_MS)
  await world.witness.clear()
}

const onDisk = (path: string): number => statSync(path).blocks * 512

/** Every number is greater than the one before, and the last is there. @returns the numbers */
function expectInOrder(text: string, numbers: number): number[] {
  const found: number[] = []
  let disorders = 0
  // What a cut left of a number is none.
  for (const piece of text.split('.')) {
    if (!/(?:^|\D)\d{9}$/.test(piece)) continue
    const number = Number(piece.slice(-9))
    if (number <= (found.at(-1) ?? -1)) disorders += 1
    found.push(number)
  }
  expect(disorders).toBe(0)
  expect(found.at(-1)).toBe(numbers - 1)
  return found
}

/** A background run that does what it is to do once somebody follows its log, which may take a megabyte. */
async function flooded(method: 'subreaper' | 'snapshot', line: string) {
  const world = World.create(method)
  const tool = new Launcher(world, { spawn_options: `{ log_max_bytes: ${CAP} }` })
  const started = await tool.launch(['sh', '-c', `until [ -e begin ]; do sleep 0.05; done; ${line}`])
  const follow = async () => {
    const argv = ['logs', started.run_id, '-f', '--format', 'plain']
    const following = await world.spawn(argv, tool.with({}))
    await until('the log to be followed', () => hasOpen(following, started.log_path))
    world.file('begin', '')
    return { ...started, answer: following.answer }
  }
  return { world, tool, follow }
}

function hasOpen({ pid }: Pick<Running, 'pid'>, path: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some(fd => readlinkSync(`/proc/${pid}/fd/${fd}`) === path)
  } catch {
    // It closes one while we look.
    return false
  }
}

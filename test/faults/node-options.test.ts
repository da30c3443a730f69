/**
 * NODE_OPTIONS of every awkward kind: they are the caller's and the program's, and never those of the shim and the
 * guard. Where Node itself does not start with them there is no call, and nothing is left of it.
 */
import { expect, test } from 'vitest'
import { probe } from '../e2e/tracked/probe.js'
import { inBatches } from './harness/batches.js'
import { Launch } from './harness/launch.js'
import { inEveryWay } from './harness/ways.js'
import { World } from './harness/world.js'

const HARMLESS = [
  '--max-old-space-size=64',
  '--inspect=127.0.0.1:0',
  '--no-warnings --stack-trace-limit=200',
  '--title=other',
]
/** A tool that is an ES module, as that of `ctx.run` is, does not start with it. */
const FOR_SCRIPTS = '--input-type=module'
/** With these Node does nothing until a debugger comes. */
const WAITING = ['--inspect-brk=127.0.0.1:0', '--inspect-wait=127.0.0.1:0']
/** With these Node ends before any program of its own. */
const FATAL = ['--require=/none/missing.cjs', '--import=/none/missing.mjs', '--no-such-option', '"']
const AT_ONCE = 3
/** Says what it was given, in a file of its own, and stays. */
const PROGRAM = [
  'sh',
  '-c',
  'printf %s "$NODE_OPTIONS" >"given.$$.new"; mv "given.$$.new" "given.$$"; exec sleep 3600',
]

inEveryWay(['start', 'run', 'ctx.run'], ({ verb, method }) => {
  test('the caller has them: so has the program, unchanged, and neither shim nor guard', async () => {
    const world = World.create(method)
    // Every Node that loads it is noted by its command line.
    const spy = world.file(
      'spy.cjs',
      `require('node:fs').appendFileSync(__dirname + '/spied', process.argv.join(' ') + '\\n')\n`,
    )
    const launch = new Launch(world, verb, PROGRAM)
    const harmless = verb === 'ctx.run' ? HARMLESS : [...HARMLESS, FOR_SCRIPTS]
    const options = [...harmless, `--require=${spy}`, `--import=${spy}`]
    await inBatches([...options.entries()], AT_ONCE, async ([index, NODE_OPTIONS]) => {
      const { answer } = await world.exec(launch.argv(`s${index}`), { env: { NODE_OPTIONS } })
      // Until it has told somebody, a shim ends what nobody has heard of.
      if (verb === 'start') expect((await answer).code, NODE_OPTIONS).toBe(0)
      await heldAndEnded(world, launch, index, NODE_OPTIONS)
    })
    await world.nothingLeft()
    expect(await world.textIn('spied')).toContain(verb === 'ctx.run' ? 'probe.mjs' : 'chaperone.js')
    expect(await world.textIn('spied')).not.toContain('shim.js')
  })

  test('the program alone has them, by --env or in the options of ctx.run: the run is held and ended as any other', async () => {
    const world = World.create(method)
    const given = `await ctx.run(${JSON.stringify(PROGRAM)}, { env: { NODE_OPTIONS: process.env.GIVEN } })
      return {}`
    const script = verb === 'ctx.run' ? probe(world, given) : undefined
    await inBatches(
      [...[...HARMLESS, FOR_SCRIPTS, ...WAITING, ...FATAL].entries()],
      AT_ONCE,
      async ([index, NODE_OPTIONS]) => {
        const launch = new Launch(world, verb, PROGRAM, ['--env', `NODE_OPTIONS=${NODE_OPTIONS}`], script)
        const { answer } = await world.exec(launch.argv(`s${index}`), { env: { GIVEN: NODE_OPTIONS } })
        if (verb === 'start') expect((await answer).code, NODE_OPTIONS).toBe(0)
        await heldAndEnded(world, launch, index, NODE_OPTIONS)
      },
    )
    await world.nothingLeft()
  })

  test('Node does not start with them: nothing is started, and nothing recorded', async () => {
    const world = World.create(method)
    const launch = new Launch(world, verb, PROGRAM)
    await inBatches(FATAL, AT_ONCE, async NODE_OPTIONS => {
      const { answer } = await world.exec(launch.argv('s'), { env: { NODE_OPTIONS } })
      expect((await answer).code, NODE_OPTIONS).not.toBe(0)
    })
    await world.nothingLeft()
    expect(launch.run_ids).toEqual([])
  })
})

/** The program has the options, and its run is ended by its guard, every other one by a stop. */
async function heldAndEnded(world: World, launch: Launch, index: number, options: string): Promise<void> {
  const { run_id, main, owner } = await launch.running(`s${index}`)
  expect(await world.textIn(`given.${main.pid}`), options).toBe(options)
  if (index % 2 === 0) {
    // The guard becomes a Node, and ends it.
    expect(await world.witness.kill(owner, 'SIGKILL')).toBe(true)
    expect(await launch.record(run_id, 'end'), options).toMatchObject({ stop_cause: 'owner_lost' })
  } else {
    expect((await launch.call(['stop', run_id])).code, options).toBe(0)
  }
}

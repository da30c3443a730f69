/** A call that runs another command within it, as `cleanup` does with a run's own stop command: one end for both. */
import { expect, test } from 'vitest'
import { finished, Sandbox } from '../harness/sandbox.js'
import { isAlive } from '../harness/witness.js'
import { envelopesIn, log, logged, pidIn, tempDirs } from './probe.js'

const TOOL = (here: string) => `
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineCommand, runTool } from 'chaperone'
const note = text => appendFileSync(join(${JSON.stringify(here)}, 'log'), text + '\\n')
const common = {
  danger_level: 'safe',
  required_scopes: [],
  exit_codes: { SUCCESS: { description: 'Done', retryable: false, side_effects: 'complete' } },
  output_schema: { type: 'object' },
}
await runTool({
  name: 'probe',
  version: '1.0.0',
  description: 'A tool for one test.',
  commands: [
    defineCommand({
      ...common,
      name: 'serve',
      description: 'Start a server.',
      flags: {},
      spawns_background_process: true,
      cleanup_command: 'unserve',
      max_lifetime_seconds: 600,
      async execute(args, ctx) {
        await ctx.background.spawn(['sleep', '1000'])
        return {}
      },
    }),
    defineCommand({
      ...common,
      name: 'unserve',
      description: 'Stop servers, and take a while.',
      flags: { run: { type: 'string', pattern: '^[0-9a-f]{4,12}$', description: 'The run' } },
      async execute(args, ctx) {
        note(await ctx.temp_dir())
        ctx.on_cleanup(async () => { await new Promise(done => setTimeout(done, 100)); note('hook') })
        if (ctx.env.QUICK) await ctx.runs.stop((await ctx.runs.live({ run: args.run })).map(run => run.run_id))
        else await ctx.run(['sh', '-c', 'trap "echo TERM >> log" TERM; echo $$ > child; while :; do sleep 0.05; done'])
        return {}
      },
    }),
  ],
})
`

test('SIGTERM ends the children of the inner command, its hooks and its files before the one answer is written', async () => {
  const sandbox = Sandbox.create()
  const script = sandbox.tool('probe', TOOL(sandbox.path))
  const served = await sandbox.call(['serve', '--session', 's1'], { script })
  expect(served.code, served.stdout).toBe(0)

  const child = sandbox.spawn(['cleanup', '--session', 's1'], { script })
  const answer = finished(child)
  const pid = await pidIn(sandbox, 'child')
  let at_arrival: unknown
  child.stdout?.once('data', () => {
    at_arrival = { log: log(sandbox).slice(1), alive: isAlive(pid), dirs: tempDirs(sandbox) }
  })
  child.kill('SIGTERM')
  await logged(sandbox, 'TERM')
  const { code, stdout } = await answer
  expect(code, stdout).toBe(143)
  expect(envelopesIn(stdout)).toMatchObject([{ error: { code: 'CANCELLED' }, meta: { command: 'cleanup' } }])
  expect(at_arrival).toEqual({ log: ['TERM', 'hook'], alive: false, dirs: [] })

  // What the cancelled call did not get to is done by the next.
  const cleaned = await sandbox.call(['cleanup', '--session', 's1'], { script, env: { QUICK: '1' } })
  expect(cleaned.code, cleaned.stdout).toBe(0)
  expect(isAlive(served.envelope.data.background_pid)).toBe(false)
  await sandbox.nothingLeft()
})

/** Signals at any moment of a call's life: from the first breath of its process to the last byte of its answer. */
import { expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { envelopesIn, go, probe, tempDirs } from './probe.js'

const BODY = `
  await ctx.temp_dir()
  ctx.on_cleanup(() => pause(20))
  const [first] = await Promise.all([ctx.run(['sh', '-c', 'sleep 0.05 & wait']), ctx.run(['echo', 'two'])])
  await ctx.run(['sh', '-c', 'sleep 1000 & exit 0'])
  return { code: first.exit_code, text: 'x'.repeat(200_000) }
`
const CODES = { SIGTERM: 143, SIGINT: 130, SIGHUP: 129 } as const

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  test(`REQ-F-013, REQ-F-069: whenever ${signal} comes, there is one whole envelope or none, and nothing is left`, async () => {
    const whole = Sandbox.create()
    const started = performance.now()
    expect((await go(whole, probe(whole, BODY)).answer).code).toBe(0)
    const lifetime = performance.now() - started

    for (let round = 0; round < 16; round += 1) {
      const sandbox = Sandbox.create()
      const { child, answer } = go(sandbox, probe(sandbox, BODY))
      // Not measured: the moments only have to be spread over a life.
      await new Promise(resolve => setTimeout(resolve, (lifetime * (round + 0.5)) / 15))
      child.kill(signal)
      const { code, signal: died_of, stdout } = await answer
      const envelopes = envelopesIn(stdout)
      expect(envelopes.length).toBeLessThanOrEqual(1)
      // Before the handlers are installed a process dies of the signal as any other does.
      if (died_of !== null) expect([died_of, envelopes]).toEqual([signal, []])
      else expect([0, CODES[signal]]).toContain(code)
      if (code === 0) expect(envelopes).toMatchObject([{ ok: true, meta: { exit_code: 0 } }])
      expect(tempDirs(sandbox)).toEqual([])
      await sandbox.nothingLeft()
    }
  })
}

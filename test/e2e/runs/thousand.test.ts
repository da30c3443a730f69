/** A thousand short runs of one long-lived process, and readers beside it: every exit code and every line is on record. */
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, inject, onTestFinished, test } from 'vitest'
import { embedding } from '../background/embedded.js'
import { finished, Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'

const RUNS = 1_000
const AT_ONCE = 8
const LOOKS = 50

/**
 * Embeds a tool, starts runs that end at once with codes of its own choice, and says which run got which. Each writes as
 * many lines as its code says, the last one without its end.
 */
const EMBEDDER = `${embedding(`['sh', '-c', 'seq 0 "$1"; printf end; exit "$1"', 'sh', number]`)}const codes = Array.from({ length: ${RUNS} }, () => Math.floor(Math.random() * 256))
const started = []
const work = async () => {
  for (let code = codes.pop(); code !== undefined; code = codes.pop()) {
    const { exit_code, envelope } = await tool.call(['launch', '--session', 's', '--', String(code)], { env: process.env })
    started.push(exit_code === 0 ? { run_id: envelope.data.run_id, code } : { error: envelope.error })
  }
}
await Promise.all(Array.from({ length: ${AT_ONCE} }, work))
console.log(JSON.stringify(started))
`

const recorded = (sandbox: Sandbox): number => {
  const runs = join(sandbox.state, 'runs')
  return existsSync(runs) ? readdirSync(runs).length : 0
}

test('a thousand fast runs of one process end with the codes that they have and whole logs, while fifty ps look on', {
  timeout: 300_000,
}, async () => {
  const sandbox = Sandbox.create()
  const child = spawn(process.execPath, [sandbox.tool('embedder', EMBEDDER)], {
    cwd: inject('consumer'),
    env: { ...process.env, ...sandbox.env },
    stdio: 'pipe',
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const starting = finished(child)
  const looks = []
  // Spread over all of the starts.
  for (let look = 0; look < LOOKS; look += 1) {
    const wanted = (look * RUNS) / LOOKS
    await until(`${wanted} runs`, () => recorded(sandbox) >= wanted || child.exitCode !== null)
    looks.push(await sandbox.call(['ps', '--all', '--limit', '0']))
  }
  const { code, stdout, stderr } = await starting
  expect(code, stderr).toBe(0)
  const started: { run_id: string; code: number }[] = JSON.parse(stdout)
  expect(started).toHaveLength(RUNS)
  expect(started.filter(run => 'error' in run)).toEqual([])
  expect((await sandbox.call(['wait', '--session', 's', '--timeout', '60s'])).code).toBe(0)

  const codes = new Map(started.map(({ run_id, code }) => [run_id, code]))
  expect(readdirSync(join(sandbox.state, 'runs')).sort()).toEqual([...codes.keys()].sort())
  const wrong = started.filter(({ run_id, code }) => {
    const end = JSON.parse(readFileSync(join(sandbox.state, 'runs', run_id, 'end.json'), 'utf8'))
    return end.exit_code !== code || end.exit_reason !== 'natural' || end.signal !== null
  })
  expect(wrong).toEqual([])
  const torn = started.filter(({ run_id, code }) => {
    const log = readFileSync(join(sandbox.state, 'runs', run_id, 'output.log'), 'utf8')
    return log !== `${Array.from({ length: code + 1 }, (_, line) => `${line}\n`).join('')}end`
  })
  expect(torn).toEqual([])
  // Nobody who looked meanwhile was told anything else.
  for (const { code: seen_code, envelope } of looks) {
    expect([seen_code, envelope.warnings]).toEqual([0, []])
    for (const { run_id, status, exit_code } of envelope.data.runs) {
      if (status === 'pending' || status === 'running') continue
      expect([run_id, status, exit_code]).toEqual([
        run_id,
        codes.get(run_id) === 0 ? 'exited' : 'failed',
        codes.get(run_id),
      ])
    }
  }
  const { data } = (await sandbox.call(['events', '--limit', '0'])).envelope
  expect(data.events).toHaveLength(2 * RUNS)
  await sandbox.nothingLeft()
})

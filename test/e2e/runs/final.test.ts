/**
 * Records are final by construction: a run has one end, whoever races for it, and who has read it once reads the same
 * ever after. Callers that race all answer with it.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { expect, inject, onTestFinished, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'

const ROUNDS = 30
const PROCESSES = 4
const CALLS = 5

/** Long-lived processes of the same tool; told a run, each makes its calls at once, and says what it was answered and read. */
const RACER = `
import { existsSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { createTool } from 'chaperone'
const tool = await createTool({ name: 'chaperone', version: '1.0.0', description: 'Races.', commands: [] })
const pause = ms => new Promise(done => setTimeout(done, ms))
const read = path => existsSync(path) ? readFileSync(path, 'utf8') : null
console.log('"ready"')
for await (const line of createInterface({ input: process.stdin })) {
  const { run_id, calls } = JSON.parse(line)
  const path = process.env.CHAPERONE_STATE_DIR + '/runs/' + run_id + '/end.json'
  console.log(JSON.stringify(await Promise.all(calls.map(async ({ argv, after_ms }) => {
    await pause(after_ms)
    const before = read(path)
    const { exit_code, envelope } = await tool.call(argv, { env: process.env })
    const seen = [before, read(path), await pause(5).then(() => read(path))].filter(text => text !== null)
    return { argv, exit_code, data: envelope.data, error: envelope.error, seen }
  }))))
}
`

interface Call {
  readonly argv: readonly string[]
  readonly after_ms: number
}

interface Raced {
  readonly argv: readonly string[]
  readonly exit_code: number
  // biome-ignore lint/suspicious/noExplicitAny: what an answer holds is what the test asks
  readonly data: any
  readonly error: unknown
  /** The end record, each time that it was read. */
  readonly seen: readonly string[]
}

class Racer {
  readonly #child: ChildProcess
  readonly #lines: string[] = []

  constructor(sandbox: Sandbox, script: string) {
    this.#child = spawn(process.execPath, [script], {
      cwd: inject('consumer'),
      env: { ...process.env, ...sandbox.env },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    onTestFinished(() => void this.#child.kill('SIGKILL'))
    if (this.#child.stdout)
      createInterface({ input: this.#child.stdout }).on('line', line => this.#lines.push(line))
  }

  async next(): Promise<unknown> {
    return JSON.parse(await until('an answer of the racer', () => this.#lines.shift()))
  }

  race(run_id: string, calls: readonly Call[]): Promise<Raced[]> {
    this.#child.stdin?.write(`${JSON.stringify({ run_id, calls })}\n`)
    return this.next() as Promise<Raced[]>
  }

  close(): void {
    this.#child.stdin?.end()
  }
}

/** A run that may end by itself, by its lifetime, by TERM or by KILL, at about the same time. */
const program = (sandbox: Sandbox, round: number): string[] => {
  const ignore = round % 3 === 0 ? `trap '' TERM; ` : ''
  return ['sh', '-c', `${ignore}sleep 0.${100 + Math.floor(Math.random() * 300)}; exit 7`, sandbox.path]
}

const callsFor = (run_id: string): Call[] =>
  Array.from({ length: CALLS }, (_, index): Call => {
    const after_ms = Math.random() * 250
    const argv = [
      ['stop', run_id, '--kill-after', '50ms'],
      ['stop', run_id, '--force'],
      ['stop', run_id, '--kill-after', '2s'],
      ['session', 'stop', 's', '--kill-after', '100ms'],
      ['show', run_id],
    ][index] ?? ['stop', run_id]
    return { argv, after_ms }
  })

test('30 rounds of 20 racing stops, forces, natural ends and lifetimes: one end, which all agree on and nobody changes', {
  timeout: 240_000,
}, async () => {
  const sandbox = Sandbox.create()
  const script = sandbox.tool('racer', RACER)
  const racers = Array.from({ length: PROCESSES }, () => new Racer(sandbox, script))
  for (const racer of racers) expect(await racer.next()).toBe('ready')
  const reasons = new Map<string, number>()
  for (let round = 0; round < ROUNDS; round += 1) {
    const lifetime = `${100 + Math.floor(Math.random() * 300)}ms`
    const answer = await sandbox.call([
      ...['start', '--session', 's', '--max-lifetime', lifetime, '--', ...program(sandbox, round)],
    ])
    expect(answer.code, answer.stdout).toBe(0)
    const { run_id } = answer.envelope.data
    const raced = (await Promise.all(racers.map(racer => racer.race(run_id, callsFor(run_id))))).flat()
    expect(raced).toHaveLength(PROCESSES * CALLS)

    const [read, ...different] = new Set(raced.flatMap(({ seen }) => seen))
    expect(different).toEqual([])
    const end = JSON.parse(read ?? 'null')
    expect(end.survivors).toEqual([])
    for (const { argv, exit_code, data, error } of raced) {
      expect([argv, exit_code, error]).toEqual([argv, 0, null])
      const told = argv[0] === 'show' ? [data] : data.stopped
      for (const one of told.filter((one: Record<string, unknown>) => one['run_id'] === run_id)) {
        // Who only looked may have looked before the end.
        if (argv[0] === 'show' && one.exit_reason === null) continue
        expect([one.exit_reason, one.stop_cause]).toEqual([end.exit_reason, end.stop_cause])
        if (argv[0] !== 'show') expect(['stopped', 'already_ended']).toContain(one.outcome)
      }
    }
    const { data } = (await sandbox.call(['show', run_id])).envelope
    const { exit_code, signal, exit_reason, stop_cause } = end
    expect(data).toMatchObject({ exit_code, signal, exit_reason, stop_cause })
    const how = `${exit_reason} ${stop_cause}`
    reasons.set(how, (reasons.get(how) ?? 0) + 1)
  }
  // The race was one.
  expect(reasons.size, JSON.stringify([...reasons])).toBeGreaterThan(2)
  for (const racer of racers) racer.close()
  await sandbox.nothingLeft()
})

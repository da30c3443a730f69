/** A program that floods its log: what the log takes on disk stays within its cap, and head and tail are kept in order. */
import { readFileSync, statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'
import { isAlive } from '../harness/witness.js'
import { Launcher } from './launcher.js'
import { pidIn, SLEEPER, script } from './programs.js'

const CAP = 1024 * 1024
const LINES = 600_000

const onDisk = (path: string): number => statSync(path).blocks * 512

/** Numbered lines of 31 bytes, about 18 MB in all. */
const flood = (then: string): string =>
  `awk 'BEGIN { for (i = 1; i <= ${LINES}; i++) printf "line %010d of the flood ...\\n", i }'; echo $$ >"$1/flooded.pid"; ${then}`

const numbersIn = (text: string): number[] =>
  [...text.matchAll(/^line (\d{10}) of/gm)].map(match => Number(match[1]))

test('a program that floods its log and goes on is cut to the cap, head and tail kept', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox, { spawn_options: `{ log_max_bytes: ${CAP} }` })
  const { background_pid, log_path, cleanup_command } = await launcher.launch(
    script(sandbox, 'flood', flood('exec sleep 3600')),
  )
  await pidIn(sandbox, 'flooded')
  await until('the log to be cut', () => onDisk(log_path) <= CAP)
  expect(isAlive(background_pid)).toBe(true)

  const numbers = numbersIn(readFileSync(log_path, 'latin1').replaceAll('\0', ''))
  expect(numbers[0]).toBe(1)
  expect(numbers.at(-1)).toBe(LINES)
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
  expect(numbers.length).toBeGreaterThan(CAP / 31 / 4)
  expect((await launcher.sh(cleanup_command)).code).toBe(0)
  expect(onDisk(log_path)).toBeLessThanOrEqual(CAP)
})

test('a program that floods its log and ends at once leaves no more than the cap', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox, { spawn_options: `{ log_max_bytes: ${CAP} }` })
  const { log_path, run_id } = await launcher.launch(script(sandbox, 'flood', flood('exit 0')))
  expect(await launcher.endOf(run_id)).toMatchObject({ exit_code: 0, exit_reason: 'natural' })
  expect(onDisk(log_path)).toBeLessThanOrEqual(CAP)
  const numbers = numbersIn(readFileSync(log_path, 'latin1').replaceAll('\0', ''))
  expect(numbers[0]).toBe(1)
  expect(numbers.at(-1)).toBe(LINES)
})

test('a log within its cap is not touched, and the cap of a run is on its record', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox, { spawn_options: `{ log_max_bytes: ${CAP} }` })
  const { log_path, run_id } = await launcher.launch(
    script(sandbox, 'talk', `head -c ${CAP / 2} /dev/zero | tr '\\0' x`),
  )
  await launcher.endOf(run_id)
  expect(readFileSync(log_path, 'latin1')).toBe('x'.repeat(CAP / 2))
  expect(
    JSON.parse(readFileSync(log_path.replace('output.log', 'intent.json'), 'utf8')).limits,
  ).toMatchObject({
    log_max_bytes: CAP,
  })
})

test('a log that was removed under a running program costs the program nothing', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const { background_pid, log_path, cleanup_command, run_id } = await launcher.launch(SLEEPER)
  await sandbox.sh(`rm "${log_path}"`)
  const stopped = await launcher.sh(cleanup_command)
  expect(stopped.code).toBe(0)
  expect(isAlive(background_pid)).toBe(false)
  expect(await launcher.endOf(run_id)).toMatchObject({ stop_cause: 'user', error: null })
})

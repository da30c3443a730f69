// Many short runs in one state root, through `run` and through `start`, and what stays of them: `npm run soak [-- <runs>]`.
// Prints, after every tenth part, what lives, what is open, and what the disk holds; fails where something grows that
// must not.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const runs = Number(process.argv[2] ?? 10_000)
if (!Number.isInteger(runs) || runs < 20) throw new Error('usage: npm run soak -- <runs, 20 or more>')
/** Calls at once. */
const AT_ONCE = 3
const PARTS = 10
/**
 * What a start keeps of ended runs (docs/processes.md), and what comes before one looks again: one start in 64 does, by
 * its random id. Twelve times as many come without one in 6 of a million times.
 */
const KEPT_RUNS = 1_000 + 12 * 64 + AT_ONCE
/**
 * More than the memory of an idle process moves by itself, in KiB: from its beginning, and from the half of the soak to
 * its end. Between two collections it grew by 1,600 (measured on Node 20).
 */
const MEMORY_SLACK = 4_096
const LATER_MEMORY_SLACK = 2_048
/** What the records of a run take, in KiB, each in a block of its own. */
const RUN_KIB = 40

const chaperone = join(dirname(dirname(fileURLToPath(import.meta.url))), 'dist/bin/chaperone.js')
const directory = mkdtempSync(join(tmpdir(), 'chaperone-soak-'))
const state = join(directory, 'state')
const env = {
  PATH: process.env.PATH,
  HOME: directory,
  TMPDIR: directory,
  CHAPERONE_STATE_DIR: state,
  SOAK: directory,
}

const failures = []
try {
  // A run that lives as long as the whole: its owner and its guard are what could grow.
  const { run_id } = (await called('start', '--session', 'long', '--', 'sleep', '86400')).data
  const holder = JSON.parse(readFileSync(join(state, 'runs', run_id, 'owner.json'), 'utf8')).owner.pid
  const rows = [look(0, holder)]
  const began = performance.now()
  for (let part = 1; part <= PARTS; part += 1) {
    await some(Math.floor((runs * part) / PARTS) - Math.floor((runs * (part - 1)) / PARTS))
    // What was just started in the background ends by itself; what waits for it answers when it has.
    await called('wait', '--session', 'short', '--timeout', '60s')
    await settled(rows[0].processes)
    rows.push(look(Math.floor((runs * part) / PARTS), holder))
  }
  const seconds = (performance.now() - began) / 1_000
  console.log(`${runs} runs in ${Math.round(seconds)} s, ${Math.round((seconds / runs) * 1_000)} ms each`)
  judge(rows)
  await called('cleanup', '--all-sessions', '--scope', 'all')
  const left = look(runs, null)
  if (left.processes + left.zombies > 0)
    failures.push(`after cleanup ${left.processes + left.zombies} processes`)
  if (left.runs > 0) failures.push(`after cleanup --scope all ${left.runs} runs on disk`)
  if (left.disk_kib > rows[0].disk_kib)
    failures.push(`after cleanup --scope all ${left.disk_kib} KiB on disk, ${rows[0].disk_kib} at first`)
} finally {
  for (const { pid } of ours()) process.kill(pid, 'SIGKILL')
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
}
for (const failure of failures) console.error(failure)
process.exitCode = failures.length > 0 ? 1 : 0

/** Half of them in the foreground, half in the background. */
async function some(count) {
  let next = 0
  const worker = async () => {
    while (next < count) {
      next += 1
      await called(...(next % 2 ? ['run'] : ['start']), '--session', 'short', '--', 'true')
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

function called(...argv) {
  const child = spawn(process.execPath, [chaperone, ...argv], {
    env,
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', chunk => (stdout += chunk))
  child.stderr.on('data', chunk => (stderr += chunk))
  return new Promise(resolve =>
    child.once('close', (code, signal) => {
      if (code !== 0) failures.push(`${argv.join(' ')}: exit ${code ?? signal}: ${stdout}${stderr}`)
      resolve(stdout === '' ? null : JSON.parse(stdout.trim().split('\n').at(-1)))
    }),
  )
}

/** Every process that carries the mark of this soak, and every zombie below us. */
function ours() {
  const found = []
  for (const name of readdirSync('/proc').filter(
    name => /^\d+$/.test(name) && Number(name) !== process.pid,
  )) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1')
      const [status, ppid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      const is_marked = readFileSync(`/proc/${name}/environ`, 'latin1').includes(directory)
      const is_told = readFileSync(`/proc/${name}/cmdline`, 'latin1').includes(directory)
      if (is_marked || is_told || (status === 'Z' && Number(ppid) === process.pid))
        found.push({ pid: Number(name), is_zombie: status === 'Z' })
    } catch {
      // It has ended meanwhile.
    }
  }
  return found
}

/** A shim and its guard end a moment after the end of their run. */
async function settled(processes) {
  for (let tries = 0; ours().length > processes && tries < 100; tries += 1) await pause(100)
}

function look(done, holder) {
  const all = ours()
  const row = {
    done,
    processes: all.filter(({ is_zombie }) => !is_zombie).length,
    zombies: zombiesBelow(holder) + all.filter(({ is_zombie }) => is_zombie).length,
    owner_kib: holder === null ? 0 : memoryOf(holder),
    owner_fds: holder === null ? 0 : readdirSync(`/proc/${holder}/fd`).length,
    runs: namesIn('runs').length,
    live: namesIn('live').length,
    disk_kib: Number(execFileSync('du', ['-sk', state], { encoding: 'utf8' }).split('\t')[0]),
  }
  console.log(
    Object.entries(row)
      .map(([name, value]) => `${name} ${value}`)
      .join('  '),
  )
  return row
}

function zombiesBelow(pid) {
  if (pid === null) return 0
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  return children.filter(child => child !== '' && isZombie(child)).length
}

function isZombie(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ')
  } catch {
    return false
  }
}

function memoryOf(pid) {
  return Number(/^Pss_Anon:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1])
}

function namesIn(name) {
  try {
    return readdirSync(join(state, name))
  } catch {
    return []
  }
}

function judge(rows) {
  const [first, ...later] = rows
  for (const row of later) {
    const at = `after ${row.done} runs`
    if (row.processes !== first.processes)
      failures.push(`${at} ${row.processes} processes, ${first.processes} at first`)
    if (row.zombies !== 0) failures.push(`${at} ${row.zombies} zombies`)
    if (row.live !== first.live) failures.push(`${at} ${row.live} live runs, ${first.live} at first`)
    if (row.owner_fds > first.owner_fds + 1)
      failures.push(`${at} ${row.owner_fds} descriptors, ${first.owner_fds} at first`)
    if (row.owner_kib > first.owner_kib + MEMORY_SLACK)
      failures.push(`${at} ${row.owner_kib} KiB, ${first.owner_kib} at first`)
    if (row.runs > KEPT_RUNS) failures.push(`${at} ${row.runs} runs on disk, more than ${KEPT_RUNS}`)
    if (row.disk_kib > first.disk_kib + row.runs * RUN_KIB)
      failures.push(`${at} ${row.disk_kib} KiB on disk for ${row.runs} runs`)
  }
  const [half, last] = [rows[PARTS / 2], rows[PARTS]]
  if (last.owner_kib > half.owner_kib + LATER_MEMORY_SLACK)
    failures.push(`${last.owner_kib} KiB after ${last.done} runs, ${half.owner_kib} after ${half.done}`)
}

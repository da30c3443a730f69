/**
 * What safety costs, part by part: each part of `run` and of `start` as the least program that does it, and nothing else
 * of ours, against the same Node doing nothing.
 */
import { existsSync, mkdtempSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Row } from './main.js'
import { bareNode, type Case, eachRound, interleave, timed } from './rounds.js'

const CHAPERONE = [process.execPath, resolve('dist/bin/chaperone.js')]
const KOFFI = resolve(
  `node_modules/@koromix/koffi-${process.platform}-${process.arch}/${process.platform}_${process.arch}/koffi.node`,
)

/** A part, and what is measured beside it and taken away: Node alone where left out. */
interface Part {
  readonly what: string
  readonly program: string
  readonly beside?: string
}

/** A shell that waits on a pipe until it is told that all went well. */
const GUARD = `
const { openSync } = require('fs')
const guard = require('child_process').spawn('/bin/sh', ['-c', 'read -r _ && exit 0', 'guard'], {
  detached: true, cwd: '/', env: {}, stdio: ['pipe', 'ignore', 'ignore', openSync('/dev/null')],
})
guard.unref()
guard.stdin.end('\\n')`

/** The parent of all orphans below it. */
const SUBREAPER = `
process.dlopen(module, ${JSON.stringify(KOFFI)})
const library = module.exports.load(null)
const prctl = library.func('prctl', 'int', ['int', ...Array(4).fill('unsigned long')])
if (prctl(36, 1, 0, 0, 0) !== 0) process.exit(1)`

/** Written under another name, linked under its own; the end's space is taken before anything runs. */
const recordsOf = (is_synced: boolean): string => `
const fs = require('fs')
const { join } = require('path')
const directory = fs.mkdtempSync(join(process.env.COST_DIRECTORY, 'run-'))
const sync = fd => { if (${is_synced}) fs.fsyncSync(fd) }
const syncDirectory = () => {
  const fd = fs.openSync(directory, 'r')
  sync(fd)
  fs.closeSync(fd)
}
const record = Buffer.alloc(1024, 0x20)
const publish = (name, is_durable) => {
  const temporary = join(directory, '.' + name)
  const fd = fs.openSync(temporary, 'wx', 0o600)
  fs.writeSync(fd, record)
  if (is_durable) sync(fd)
  fs.closeSync(fd)
  fs.linkSync(temporary, join(directory, name))
  if (is_durable) syncDirectory()
  fs.unlinkSync(temporary)
}
publish('intent.json', true)
fs.closeSync(fs.openSync(join(directory, 'live'), 'wx', 0o600))
const reserved = fs.openSync(join(directory, '.end.reserved'), 'wx', 0o600)
fs.writeSync(reserved, Buffer.alloc(32 * 1024, 0x20))
fs.linkSync(join(directory, '.end.reserved'), join(directory, '.end.spare'))
publish('owner.json', false)
publish('main.json', false)
fs.writeSync(reserved, record, 0, record.length, 0)
fs.ftruncateSync(reserved, record.length)
sync(reserved)
fs.linkSync(join(directory, '.end.reserved'), join(directory, 'end.json'))
syncDirectory()
fs.closeSync(reserved)
for (const name of ['.end.reserved', '.end.spare', 'live']) fs.unlinkSync(join(directory, name))`

/** The main process, and one descendant. */
const JOURNAL = `
const fs = require('fs')
const path = require('path').join(fs.mkdtempSync(process.env.COST_DIRECTORY + '/run-'), 'seen.log')
for (const bytes of [0, 200, 200]) {
  const fd = fs.openSync(path, 'a+', 0o600)
  fs.fstatSync(fd)
  if (bytes > 0) fs.writeSync(fd, Buffer.alloc(bytes, 0x20))
  fs.closeSync(fd)
}`

/** One look while the program runs and one when it has ended: as many as a short run has. */
const LOG_CAP = `
const fs = require('fs')
for (let looks = 0; looks < 2; looks += 1) fs.lstatSync(process.execPath)`

/** One look at all processes and at the environment of none: what the lesser tracking method does again and again. */
const SNAPSHOT = `
const fs = require('fs')
const buffer = Buffer.alloc(4096)
for (const name of fs.readdirSync('/proc')) {
  if (!/^[0-9]/.test(name)) continue
  try {
    const fd = fs.openSync('/proc/' + name + '/stat')
    fs.readSync(fd, buffer)
    fs.closeSync(fd)
  } catch {}
}`

const RECORDS = 'records of a run, not synced (`run`, `start`)'
const PARTS: readonly Part[] = [
  { what: 'guard (`run`, `start`)', program: GUARD },
  ...(existsSync(KOFFI) ? [{ what: 'subreaper: koffi and prctl (`run`, shim)', program: SUBREAPER }] : []),
  { what: 'one look by snapshot (`ctx.run`)', program: SNAPSHOT },
  { what: RECORDS, program: recordsOf(false) },
  { what: 'their fsyncs: two files, their directory twice', program: recordsOf(true), beside: RECORDS },
  { what: 'journal of two processes (`run`, `start`)', program: JOURNAL },
  { what: 'log cap (`start`, `run --capture`)', program: LOG_CAP },
]

export async function costRows(directory: string, rounds: number): Promise<Row[]> {
  const env = {
    ...process.env,
    COST_DIRECTORY: mkdtempSync(join(directory, 'cost-')),
    CHAPERONE_STATE_DIR: join(directory, 'cost-state'),
    CHAPERONE_SESSION_ID: 'cost',
  }
  const call = (...argv: string[]) => timed([...CHAPERONE, ...argv], { env })
  const wholes: Case[] = [
    { name: 'all of `run`', run: () => call('run', '--', 'true') },
    { name: 'all of `start`, until its answer', run: () => call('start', '--', 'true') },
  ]
  const measured = await interleave(
    [
      bareNode,
      ...PARTS.map(({ what, program }) => ({
        name: what,
        run: () => timed([process.execPath, '-e', program], { env }),
      })),
      ...wholes,
    ],
    rounds,
  )
  const row = (what: string, beside = bareNode.name): Row => {
    const over = eachRound(measured, ms => ms(what) - ms(beside))
    const times = eachRound(measured, ms => (ms(what) - ms(beside)) / ms(bareNode.name))
    return { what, measured: `${over.toFixed(1)} ms (${times.toFixed(3)} x node)`, budget: '', within: true }
  }
  call('session', 'stop', 'cost')
  return [...PARTS.map(({ what, beside }) => row(what, beside)), ...wholes.map(({ name }) => row(name))]
}

/**
 * The program that `start-watcher` runs in the background: `node directory-watcher.js <absolute directory>`. It writes
 * one JSON line for every create, change, rename and delete in the directory to stdout (lines.ts), and ends with 0
 * when it is stopped (SIGTERM, SIGINT) or the directory goes, else with a code of exit-codes.ts.
 */
import { errnoOf, toBytes } from './disk.js'
import { EXIT_ENDED, FAILURE_EXIT_CODES } from './exit-codes.js'
import { failureOf, WatchFailure } from './failure.js'
import { isReaderGone, LineOutput } from './line-output.js'
import { failedLine } from './lines.js'
import { Watcher } from './watcher.js'

/** A stop is at its end after this long, even if nobody reads the last line. */
const STOP_DEADLINE_MS = 1_000

async function main(args: readonly string[]): Promise<number> {
  const output = new LineOutput()
  const directory = args[0] ?? ''
  try {
    if (args.length !== 1 || !directory.startsWith('/') || directory.includes('\0'))
      throw wrongCall(directory)
    const watcher = new Watcher(toBytes(directory).replace(/\/+$/, ''), output)
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop(watcher))
    await watcher.run()
    return EXIT_ENDED
  } catch (error) {
    return await fail(error, toBytes(directory), output)
  }
}

function stop(watcher: Watcher): void {
  watcher.stop()
  setTimeout(() => process.exit(EXIT_ENDED), STOP_DEADLINE_MS)
}

async function fail(error: unknown, directory: string, output: LineOutput): Promise<number> {
  if (isReaderGone(error)) return EXIT_ENDED
  const failure = error instanceof WatchFailure ? error : failureOf(errnoOf(error), directory)
  if (failure !== error)
    process.stderr.write(`directory-watcher: ${error instanceof Error ? error.stack : error}\n`)
  try {
    output.add(failedLine(failure))
    await output.flush()
  } catch (unwritten) {
    if (isReaderGone(unwritten)) return EXIT_ENDED
    process.stderr.write(`directory-watcher: the lines cannot be written: ${errnoOf(unwritten)}\n`)
    return FAILURE_EXIT_CODES.OUTPUT_FAILED
  }
  return FAILURE_EXIT_CODES[failure.code]
}

function wrongCall(path: string): WatchFailure {
  return new WatchFailure(
    'USAGE',
    toBytes(path),
    'The program takes one argument: the absolute path of a directory',
    'Call it as: node directory-watcher.js /absolute/path',
  )
}

process.exit(await main(process.argv.slice(2)))

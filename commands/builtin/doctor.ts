/** `doctor`: whether this machine gives what the framework needs, and how to mend what it does not. */
import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { defineCommand } from '../../framework/author.js'
import { FrameworkExit } from '../../framework/invocation/framework-exit.js'
import { type Internals, internalsOf } from '../../framework/invocation/internals.js'
import { trackingAsked, trackingVariable } from '../../framework/invocation/tracking-asked.js'
import { NATIVE_PACKAGE, nativePath } from '../../framework/process/native.js'
import { readProcessTable } from '../../framework/process/table.js'
import { probeNative } from '../../framework/runs/probe-native.js'
import { shimPath } from '../../framework/runs/shim-path.js'
import {
  peekStateRoot,
  StateDirUnavailable,
  stateRootPath,
  stateRootVariable,
} from '../../framework/store/state-root.js'

interface Check {
  readonly name: string
  readonly ok: boolean
  readonly version?: string
  readonly required?: string
  readonly detail?: string
  readonly error?: string
  readonly fix?: string
}

const MIN_NODE = [20, 19] as const
const MIN_FREE_BYTES = 16 * 1024 * 1024

export default defineCommand({
  name: 'doctor',
  description: 'Check what this machine gives: Node, the state directory, tracking, the shell of the guard.',
  danger_level: 'safe',
  required_scopes: [],
  flags: {},
  exit_codes: {
    SUCCESS: { description: 'Everything needed is there', retryable: false, side_effects: 'none' },
    PRECONDITION: {
      description: 'Something is missing; the answer names it and its fix',
      retryable: false,
      side_effects: 'none',
      error_codes: ['DOCTOR_CHECKS_FAILED'],
    },
  },
  output_schema: {
    type: 'object',
    properties: {
      checks: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            name: { type: 'string' },
            ok: { type: 'boolean' },
            version: { type: 'string' },
            required: { type: 'string' },
            detail: { type: 'string' },
            error: { type: 'string' },
            fix: { type: 'string' },
          },
          required: ['name', 'ok'],
        },
      },
      dependencies: { type: 'array' },
    },
    required: ['checks', 'dependencies'],
  },
  examples: [{ description: 'Check this machine', command: '{tool} doctor' }],
  async execute(_args, ctx) {
    const internals = internalsOf(ctx)
    const checks: Check[] = [
      platform(),
      node(),
      stateDirectory(internals),
      await tracking(internals),
      guardShell(),
      await terminal(),
      shim(),
      initProcess(),
      compiled(internals),
    ]
    const data = { checks, dependencies: [] }
    const failed = checks.filter(({ ok }) => !ok)
    if (failed.length > 0) {
      throw new FrameworkExit(
        'PRECONDITION',
        'DOCTOR_CHECKS_FAILED',
        `${failed.map(({ name }) => name).join(', ')}: not as needed`,
        { data, fix_required: failed.map(({ fix }) => fix).join('; ') },
      )
    }
    return data
  },
})

function platform(): Check {
  const ok = process.platform === 'linux'
  return {
    name: 'platform',
    ok,
    detail: `${process.platform} ${process.arch}`,
    required: 'linux',
    ...(ok ? {} : { error: 'processes can be tracked on Linux only', fix: 'run on Linux' }),
  }
}

function node(): Check {
  const version = process.versions.node
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const ok = major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1])
  const required = `>=${MIN_NODE.join('.')}`
  return { name: 'node', ok, version, required, ...(ok ? {} : { fix: `install Node ${required}` }) }
}

/** Looks only: `doctor` is safe, so it makes nothing that is not there yet. */
function stateDirectory({ facts }: Internals): Check {
  const { tool, io } = facts
  const variable = stateRootVariable(tool)
  const path = stateRootPath(tool, io.env)
  const failed = (error: string, fix: string): Check => ({ name: 'state_directory', ok: false, error, fix })
  try {
    const is_there = peekStateRoot(path, variable) !== null
    const directory = is_there ? path : existingAbove(path)
    if (!isAccessible(directory, constants.W_OK | constants.X_OK))
      return failed(`${directory} cannot be written`, `set ${variable} to a directory of yours`)
    const { bavail, bsize } = statfsSync(directory)
    const free = bavail * bsize
    if (free < MIN_FREE_BYTES)
      return failed(
        `${directory} has ${free} bytes left`,
        `free some space, or set ${variable} to another disk`,
      )
    return { name: 'state_directory', ok: true, detail: is_there ? path : `${path}, made when first needed` }
  } catch (error) {
    if (!(error instanceof StateDirUnavailable)) throw error
    return failed(error.message, `set ${variable} to a directory of yours`)
  }
}

/** The nearest directory that is there, in which the missing ones would be made. */
function existingAbove(path: string): string {
  const above = dirname(path)
  return statSync(above, { throwIfNoEntry: false })?.isDirectory() || above === path
    ? above
    : existingAbove(above)
}

/** Tries the better method now, whatever an earlier try came to. */
async function tracking({ facts }: Internals): Promise<Check> {
  const name = 'tracking'
  try {
    const processes = readProcessTable().size
    const lesser = (reason: string, fix: string): Check => ({
      name,
      ok: true,
      detail: `snapshot, for ${reason}; ${processes} processes seen; what leaves its group and clears its environment between two looks is missed`,
      fix,
    })
    if (trackingAsked(facts) === 'snapshot')
      return lesser(`${trackingVariable(facts.tool)} asks for it`, `unset ${trackingVariable(facts.tool)}`)
    const path = nativePath()
    if (path === null)
      return lesser(
        `${NATIVE_PACKAGE} is not installed`,
        'install the package again, with optional dependencies, on a platform that has this one',
      )
    const { works, reason } = await probeNative(path).catch(error => ({
      works: false,
      reason: `${path} could not be tried: ${error}`,
    }))
    if (!works)
      return lesser(
        reason ?? 'it does not work here',
        'allow prctl(2) and waitpid(2), or go on with snapshot',
      )
    return {
      name,
      ok: true,
      detail:
        'subreaper: nothing of a background or foreground run can leave its sight; snapshot for tracked children',
    }
  } catch (error) {
    return { name, ok: false, error: String(error), fix: 'mount /proc, without hidepid' }
  }
}

function guardShell(): Check {
  const ok = isAccessible('/bin/sh', constants.X_OK)
  return {
    name: 'guard',
    ok,
    detail: '/bin/sh',
    ...(ok ? {} : { error: '/bin/sh cannot be executed', fix: 'install a POSIX shell as /bin/sh' }),
  }
}

/** Not needed by what needs no terminal, so its absence is no failure. */
async function terminal(): Promise<Check> {
  const { findTmux, TMUX_MISSING } = await import('../../framework/runs/terminal-server.js')
  const path = findTmux()
  if (path) return { name: 'tmux', ok: true, detail: path }
  const { message, fix } = TMUX_MISSING
  return { name: 'tmux', ok: true, detail: `not there: ${message}`, fix }
}

function shim(): Check {
  const ok = existsSync(shimPath())
  return {
    name: 'shim',
    ok,
    detail: shimPath(),
    ...(ok
      ? {}
      : {
          error: 'the shim is not where it was built',
          fix: 'install the package again, and keep it external to bundles',
        }),
  }
}

/** A PID 1 that does not reap leaves ended shims behind as zombies; they are told apart, but they stay in the table. */
function initProcess(): Check {
  const zombies = [...readProcessTable().values()].filter(
    ({ ppid, state }) => ppid === 1 && state === 'Z',
  ).length
  return {
    name: 'reaping',
    ok: true,
    detail:
      zombies === 0
        ? 'PID 1 has no zombies'
        : `PID 1 has ${zombies} zombies: it may not reap; run with an init such as tini`,
  }
}

function compiled({ source }: Internals): Check {
  return {
    name: 'manifest',
    ok: true,
    detail: source.compiled ? 'compiled' : 'development: every command is loaded and checked at every start',
  }
}

function isAccessible(path: string, mode: number): boolean {
  try {
    accessSync(path, mode)
    return true
  } catch {
    return false
  }
}

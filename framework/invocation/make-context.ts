/** Builds the context of one call: what every handler has, and what its contract declares. */
import type { WarningDetail } from '../../schemas/generated/types.js'
import type { CommandContract } from '../contract/declaration.js'
import { exitCodeNumber } from '../contract/exit-codes.js'
import { sanitizeText } from '../output/sanitize.js'
import type { AbortOnDemand } from '../process/abort-on-demand.js'
import type { BackgroundCapability } from './background-capability.js'
import type { CallFacts } from './call-facts.js'
import type { CleanupHooks } from './cleanup-hooks.js'
import { CommandExit, type ExitDetails } from './command-exit.js'
import type { Background, BaseContext, Foreground, Runs } from './context.js'
import type { ForegroundCapability } from './foreground-capability.js'
import { CapabilityError } from './framework-exit.js'
import type { HeldResources } from './held-resources.js'
import type { OnDemand } from './on-demand.js'
import { promptFor } from './prompt.js'
import type { Verbosity } from './settings.js'
import type { TempDir } from './temp-dir.js'
import type { TrackedChildren } from './tracked-children.js'

/** The parts of a running call that its context hands out. */
export interface ContextParts {
  readonly facts: CallFacts
  readonly contract: CommandContract
  readonly args: Readonly<Record<string, unknown>>
  readonly given: ReadonlySet<string>
  readonly stop: AbortOnDemand
  readonly verbosity: Verbosity
  readonly hooks: CleanupHooks
  readonly resources: OnDemand<HeldResources>
  readonly temp: TempDir
  readonly tracked: OnDemand<TrackedChildren>
  readonly background: OnDemand<BackgroundCapability>
  readonly foreground: OnDemand<ForegroundCapability>
  readonly warnings: WarningDetail[]
  readonly report_progress: (progress: Progress) => void
}

export interface Progress {
  readonly done: number
  readonly total?: number
  readonly unit?: string
}

export function makeContext(parts: ContextParts): BaseContext {
  const { facts, contract, hooks, tracked, temp } = parts
  const say = (text: string) => facts.io.write_stderr(`${sanitizeText(text)}\n`)
  const told = parts.verbosity === 'told' || parts.verbosity === 'debug'
  let done_before = 0
  const base: BaseContext = {
    request_id: facts.request_id,
    session: { id: facts.session_id, given: facts.session_given },
    cwd: facts.cwd,
    env: facts.io.env,
    given: parts.given,
    get signal() {
      return parts.stop.signal
    },
    exit: exitConstructors(contract),
    temp_dir: async () => temp.make(),
    run: async (argv, options) => (await tracked.get()).run(argv, options),
    runs: runsOf(facts),
    on_cleanup: hook => hooks.add(hook),
    hold: async resource => (await parts.resources.get()).hold(resource),
    log(message) {
      if (told) say(message)
    },
    debug(message) {
      if (parts.verbosity === 'debug') say(message)
    },
    warn(code, message, context) {
      if (!WARNING_CODE.test(code)) throw invalidWarning(contract, code)
      parts.warnings.push({ code, message: String(message), ...(context ? { context: { ...context } } : {}) })
    },
    progress(done, total, unit) {
      if (done < done_before) throw new RangeError(`progress went back from ${done_before} to ${done}`)
      done_before = done
      const progress = {
        done,
        ...(total === undefined ? {} : { total }),
        ...(unit === undefined ? {} : { unit }),
      }
      parts.report_progress(progress)
      if (told)
        say(`${done}${total === undefined ? '' : ` of ${total}`}${unit === undefined ? '' : ` ${unit}`}`)
    },
  }
  return Object.defineProperties(base, {
    background: capability(contract.spawns_background_process === true, backgroundOf(parts.background), () =>
      undeclared(
        contract,
        'ctx.background',
        'spawns_background_process, cleanup_command and max_lifetime_seconds',
      ),
    ),
    foreground: capability(contract.delegates_stdio === true, foregroundOf(parts.foreground), () =>
      undeclared(contract, 'ctx.foreground', 'delegates_stdio: true'),
    ),
    dryRun: capability(contract.danger_level !== 'safe', parts.args['dry-run'] === true, () =>
      undeclared(contract, 'ctx.dryRun', 'danger_level mutating or destructive'),
    ),
    prompt: capability(contract.interactive === true, promptFor(facts.io, parts.args, parts.stop), () =>
      undeclared(contract, 'ctx.prompt', 'interactive: true'),
    ),
  })
}

const foregroundOf = (foreground: OnDemand<Foreground>): Foreground => ({
  run: async (argv, options) => (await foreground.get()).run(argv, options),
})

const backgroundOf = (background: OnDemand<Background>): Background => ({
  spawn: async (argv, options) => (await background.get()).spawn(argv, options),
  existing: async run_id => (await background.get()).existing(run_id),
})

function runsOf(facts: CallFacts): Runs {
  const access = async () => (await import('./run-access.js')).runAccess(facts)
  return {
    live: async which => (await access()).live(which),
    find: async run => (await access()).find(run),
    stop: async (run_ids, options) => (await access()).stop(run_ids, options),
    template: async name => (await import('./template-access.js')).templateOf(facts, name),
  }
}

const WARNING_CODE = /^[A-Z][A-Z0-9_]+$/

const invalidWarning = (contract: CommandContract, code: string): CapabilityError =>
  new CapabilityError(
    'WARNING_CODE_INVALID',
    `${contract.name} warns with the code ${JSON.stringify(code)}, which is none`,
    'give the code in UPPER_SNAKE, such as CACHE_STALE',
  )

function capability(declared: boolean, value: unknown, refuse: () => Error): PropertyDescriptor {
  if (declared) return { value, enumerable: true }
  return {
    get() {
      throw refuse()
    },
  }
}

const undeclared = (contract: CommandContract, what: string, fields: string): CapabilityError =>
  new CapabilityError(
    'UNDECLARED_CAPABILITY',
    `${contract.name} uses ${what} without declaring it`,
    `declare ${fields} in the contract of ${contract.name}`,
  )

/** A proxy, so that an undeclared name says what is missing instead of 'is not a function'. */
function exitConstructors(contract: CommandContract): BaseContext['exit'] {
  const names = Object.keys(contract.exit_codes).filter(name => name !== 'SUCCESS' && name !== 'ARG_ERROR')
  const constructors = Object.fromEntries(
    names.map(name => {
      const entry = contract.exit_codes[name]
      const code = entry ? (exitCodeNumber(name, entry) ?? 1) : 1
      return [name, (message: string, details?: ExitDetails) => new CommandExit(name, code, message, details)]
    }),
  )
  return new Proxy(constructors, {
    get(target, name) {
      const found = typeof name === 'string' ? target[name] : undefined
      if (found || typeof name === 'symbol') return found
      throw new CapabilityError(
        'UNDECLARED_EXIT',
        `${contract.name} fails with ${name}, which it does not declare`,
        `declare ${name} in exit_codes of ${contract.name}`,
      )
    },
  })
}

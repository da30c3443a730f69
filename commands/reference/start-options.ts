/** The options that `start` alone has: its name, what tells that it is ready, what it is bound to. */
import type { ArgumentError, BackgroundOptions } from '../../framework/author.js'
import type { ProgramSettings } from './program-settings.js'

/** How long a program may take to become ready. */
export const READY_TIMEOUT = { least_ms: 1, most_ms: 3_600_000 }
const DEFAULT_READY_TIMEOUT = '30s'
const READY_FLAGS = ['ready-log', 'ready-port', 'ready-fd'] as const

interface StartArguments {
  readonly runtime: string | undefined
  readonly name: string | undefined
  readonly 'ready-log': string | undefined
  readonly 'ready-port': number | undefined
  readonly 'ready-fd': number | undefined
  readonly 'ready-timeout': string | undefined
  readonly 'bind-pid': string | undefined
}

/** What is wrong with the signs of readiness. */
export function readyFaults(args: StartArguments): ArgumentError[] {
  const faults: ArgumentError[] = []
  const [first, ...others] = READY_FLAGS.filter(flag => args[flag] !== undefined)
  for (const param of others)
    faults.push({ param, message: `--${param} cannot be given together with --${first}` })
  if (first === undefined && args['ready-timeout'] !== undefined)
    faults.push({
      param: 'ready-timeout',
      message: `--ready-timeout needs one of ${READY_FLAGS.map(flag => `--${flag}`).join(', ')}`,
    })
  const { 'ready-log': log, 'ready-port': port, 'ready-fd': fd } = args
  if (log !== undefined && expressionOf(log) === null)
    faults.push({ param: 'ready-log', message: '--ready-log must be a regular expression' })
  if (port !== undefined && (port < 1 || port > 65_535))
    faults.push({ param: 'ready-port', message: '--ready-port must be 1 to 65535' })
  if (fd !== undefined && (fd < 3 || fd > 255))
    faults.push({ param: 'ready-fd', message: '--ready-fd must be 3 to 255: 0, 1 and 2 have their own use' })
  return faults
}

export function bindFaults(bind: string | undefined): ArgumentError[] {
  if (bind === undefined || bind === 'parent' || /^[1-9][0-9]{0,9}$/.test(bind)) return []
  return [{ param: 'bind-pid', message: '--bind-pid must be a pid or parent' }]
}

/**
 * The options as `ctx.background.spawn` takes them.
 * @throws CommandExit `TEMPLATE_INVALID` where a template names what `start` cannot do
 */
export function startOptions(
  args: StartArguments,
  settings: ProgramSettings,
): Pick<BackgroundOptions, 'runtime' | 'name' | 'unique' | 'ready' | 'bind' | 'grace_ms'> {
  const runtime = settings.option('runtime', args.runtime, 'background')
  if (!isRuntime(runtime))
    throw settings.refused([`runtime ${runtime} is none that start knows: ${RUNTIMES.join(', ')}`])
  const name = settings.option('name', args.name)
  const ready = readyOf(args, settings)
  const bind = args['bind-pid']
  if (bind !== undefined) settings.own('bind_pid', bind)
  const grace_ms = settings.duration('kill_after', undefined, '5s', GRACE)
  return {
    runtime,
    ...(name === undefined ? {} : { name, unique: true }),
    ...(ready ? { ready } : {}),
    ...(bind === undefined ? {} : { bind: bind === 'parent' ? bind : Number(bind) }),
    grace_ms,
  }
}

const GRACE = { least_ms: 1, most_ms: 86_400_000 }
const RUNTIMES = ['background', 'tmux'] as const

const isRuntime = (runtime: string): runtime is (typeof RUNTIMES)[number] =>
  RUNTIMES.some(known => known === runtime)

function readyOf(args: StartArguments, settings: ProgramSettings): BackgroundOptions['ready'] {
  const { 'ready-log': log, 'ready-port': port, 'ready-fd': fd } = args
  const sign = READY_FLAGS.find(flag => args[flag] !== undefined)
  if (sign === undefined) return undefined
  settings.own(sign.replace('-', '_'), args[sign])
  const timeout_seconds =
    settings.ownDuration('ready_timeout', args['ready-timeout'], DEFAULT_READY_TIMEOUT) / 1_000
  if (port !== undefined) return { port, timeout_seconds }
  if (fd !== undefined) return { fd, timeout_seconds }
  const expression = expressionOf(log ?? '')
  return expression ? { log: expression, timeout_seconds } : undefined
}

function expressionOf(text: string): RegExp | null {
  try {
    return new RegExp(text)
  } catch {
    return null
  }
}

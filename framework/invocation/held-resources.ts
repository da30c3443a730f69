/**
 * `ctx.hold`: what a call holds for as long as it lasts, whatever it is, given back in reverse order of acquisition
 * together with the cleanup hooks. It is asked to stop once, has one end, and cannot keep the call from ending.
 */
import { after, pause } from '../process/clock.js'
import type { ExitReason } from '../runs/records.js'
import { callEnding } from './call-ending.js'
import { asHeld } from './call-scope.js'
import type { CleanupHooks } from './cleanup-hooks.js'
import type { HeldResource, Resource, ResourceEnd } from './context.js'
import { FrameworkExit } from './framework-exit.js'

/** How long a resource may take to stop before its signal fires, in ms; a part of what a hook gets. */
const POLITE_MS = 1_500

/** Every reason, so that the compiler misses none. */
const REASONS: Readonly<Record<ExitReason, true>> = {
  natural: true,
  signal: true,
  forced_kill: true,
  start_failed: true,
  runtime_error: true,
}

export class HeldResources {
  readonly #hooks: CleanupHooks
  readonly #forced: AbortSignal
  #is_closed = false

  /** @param forced fires where nothing is asked politely any more */
  constructor(hooks: CleanupHooks, forced: AbortSignal) {
    this.#hooks = hooks
    this.#forced = forced
  }

  /**
   * Starts a resource, and holds it until the call ends.
   * @throws FrameworkExit `RESOURCE_INVALID`, `CALL_ENDING`; whatever `start` throws, and then nothing is held
   */
  async hold(resource: Resource): Promise<HeldResource> {
    if (!isResource(resource)) throw invalid()
    if (this.#is_closed) throw callEnding()
    const held = new Held(resource, this.#forced)
    // Before it starts: whatever ends the call from now on finds it.
    this.#hooks.add(() => held.release(), 'a held resource')
    await held.start()
    return { wait: () => held.wait(), stop: () => held.stop() }
  }

  /** The call is ending: nothing more is held. */
  close(): void {
    this.#is_closed = true
  }
}

class Held {
  readonly #resource: Resource
  readonly #forced: AbortSignal
  readonly #end: Promise<ResourceEnd>
  #resolve_end: (end: ResourceEnd) => void = () => {}
  #has_ended = false
  #starting: Promise<boolean> | null = null
  #stopping: Promise<ResourceEnd> | null = null

  constructor(resource: Resource, forced: AbortSignal) {
    this.#resource = resource
    this.#forced = forced
    this.#end = new Promise(resolve => {
      this.#resolve_end = resolve
    })
  }

  async start(): Promise<void> {
    const started = asHeld(async () => this.#resource.start())
    this.#starting = started.then(
      () => true,
      () => false,
    )
    await started
    void this.#follow()
  }

  wait(): Promise<ResourceEnd> {
    return this.#end
  }

  stop(): Promise<ResourceEnd> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  /** The end of the call. What could not start needs no stop; what is starting gets one as soon as it has. */
  async release(): Promise<void> {
    const started = await Promise.race([this.#starting, pause(POLITE_MS).then(() => true)])
    if (started) await this.stop()
  }

  async #follow(): Promise<void> {
    const end = await asHeld(async () => this.#resource.wait()).then(ended, () => LOST)
    this.#has_ended = true
    this.#resolve_end(end)
  }

  async #stop(): Promise<ResourceEnd> {
    // What has just ended had no time yet to say so.
    await new Promise(done => setImmediate(done))
    if (this.#has_ended) return this.#end
    const hurry = new AbortController()
    const force = (): void => hurry.abort()
    if (this.#forced.aborted) force()
    this.#forced.addEventListener('abort', force)
    const cancel = after(POLITE_MS, force, { unref: true })
    try {
      await asHeld(async () => this.#resource.stop({ signal: hurry.signal }))
      return await this.#end
    } finally {
      cancel()
      this.#forced.removeEventListener('abort', force)
    }
  }
}

/** Nobody can say how it ended. */
const LOST: ResourceEnd = { exit_reason: 'runtime_error', exit_code: null, signal: null }

/** What a resource says of its end; what makes no sense says nothing. */
function ended(said: unknown): ResourceEnd {
  if (!isEnd(said)) return LOST
  const { exit_reason, exit_code, signal } = said
  return { exit_reason, exit_code: exit_code ?? null, signal: signal ?? null }
}

function isEnd(said: unknown): said is Pick<ResourceEnd, 'exit_reason'> & Partial<ResourceEnd> {
  if (typeof said !== 'object' || said === null) return false
  const [reason, code, signal] = ['exit_reason', 'exit_code', 'signal'].map(
    name => Reflect.get(said, name) ?? null,
  )
  return (
    typeof reason === 'string' &&
    Object.hasOwn(REASONS, reason) &&
    (code === null || Number.isSafeInteger(code)) &&
    (signal === null || typeof signal === 'string') &&
    (code === null || signal === null)
  )
}

const isResource = (value: unknown): value is Resource =>
  typeof value === 'object' &&
  value !== null &&
  ['start', 'stop', 'wait'].every(name => name in value && typeof Reflect.get(value, name) === 'function')

const invalid = (): FrameworkExit =>
  new FrameworkExit(
    'GENERAL_ERROR',
    'RESOURCE_INVALID',
    'ctx.hold: a resource has start(), stop({ signal }) and wait()',
    { fix_required: 'give ctx.hold an object with these three methods' },
  )

/** The handler itself: called with its context, and held to its contract in what it answers and in how it fails. */
import type { CommandContract } from '../contract/declaration.js'
import type { BackgroundCapability } from './background-capability.js'
import type { Command } from './command.js'
import type { BaseContext } from './context.js'
import { checkEffect } from './effect.js'
import type { ForegroundCapability } from './foreground-capability.js'
import { FrameworkExit } from './framework-exit.js'
import type { OnDemand } from './on-demand.js'
import { type Data, failure, type Outcome, success } from './outcome.js'
import type { DescribedCommand } from './source.js'

export interface Handling {
  readonly described: DescribedCommand
  readonly command: Command
  readonly args: Readonly<Record<string, unknown>>
  readonly background: OnDemand<BackgroundCapability>
  readonly foreground: OnDemand<ForegroundCapability>
}

/** Runs the handler and holds its data to the contract; never rejects. */
export async function handle(handling: Handling, ctx: BaseContext): Promise<Outcome> {
  const { described, command, args, background, foreground } = handling
  const { contract } = described
  try {
    const data = await command.execute(args, ctx)
    const problems = isData(data) ? await described.check_output(data) : ['it must be an object or an array']
    if (!isData(data) || problems.length > 0) return failure(outputInvalid(contract, problems), 'execution')
    const is_dry = args['dry-run'] === true && contract.danger_level !== 'safe'
    const missing = checkEffect(contract, is_dry, data)
    if (missing) return failure(missing, 'execution')
    if (contract.delegates_stdio === true && !foreground.loaded?.has_ended && !is_dry)
      return failure(notRun(contract.name), 'execution')
    if (contract.spawns_background_process !== true) return success(data)
    const fields = background.loaded?.fields()
    // A dry run starts nothing and has nothing to name.
    if (!fields) return is_dry ? success(data) : failure(notStarted(contract.name), 'execution')
    return success({ ...data, ...fields })
  } catch (error) {
    return failure(error, 'execution', contract.exit_codes)
  }
}

const isData = (data: unknown): data is Data => typeof data === 'object' && data !== null

const outputInvalid = (contract: CommandContract, problems: readonly string[]): FrameworkExit =>
  new FrameworkExit(
    'GENERAL_ERROR',
    'OUTPUT_INVALID',
    `${contract.name} answered with what its output schema does not allow`,
    {
      context: { problems: [...problems] },
      fix_required: `make ${contract.name} return what its output_schema declares, or declare what it returns`,
    },
  )

const notRun = (name: string): FrameworkExit =>
  new FrameworkExit(
    'GENERAL_ERROR',
    'FOREGROUND_NOT_RUN',
    `${name} declares delegates_stdio and waited for no program`,
    { fix_required: 'await ctx.foreground.run(…) once before returning' },
  )

const notStarted = (name: string): FrameworkExit =>
  new FrameworkExit(
    'GENERAL_ERROR',
    'BACKGROUND_NOT_STARTED',
    `${name} declares a background process and started none`,
    {
      fix_required: 'call ctx.background.spawn(…) once, or ctx.background.existing(…), before returning',
    },
  )

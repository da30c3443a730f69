/** The settings of one start: flags that were given, else the template, else a default; and where each came from. */
import { resolve } from 'node:path'
import {
  type BaseContext,
  CommandExit,
  ExitCode,
  isSecretName,
  parseDuration,
  type RunTemplate,
} from '../../framework/author.js'
import {
  type DurationLimits,
  durationProblem,
  environmentOf,
  type ProgramArguments,
} from './program-options.js'
import { templateFaults, type WinningOptions } from './template-faults.js'

type Source = 'command_line' | 'template' | 'template_and_command_line' | 'caller' | 'default'

/** One value of a plan. */
interface Planned {
  readonly value: unknown
  readonly from: Source
}

/** What is read of a call. */
type Call = Pick<BaseContext, 'runs' | 'cwd' | 'given'>

/** The members of a template that are one word each. */
type TemplateOption = Exclude<keyof RunTemplate, 'argv' | 'cwd' | 'env'>

/**
 * Reads the template of a call and lays what was given over it.
 * @throws CommandExit `TEMPLATE_NOT_FOUND` (the known ones named) and the other refusals of templates, exit 4
 */
export async function programSettings(
  args: ProgramArguments & WinningOptions,
  ctx: Call,
): Promise<ProgramSettings> {
  const template = args.template === undefined ? null : await ctx.runs.template(args.template)
  const settings = new ProgramSettings(args, ctx, template)
  const faults = template === null ? [] : templateFaults(template, args)
  if (faults.length > 0)
    throw settings.refused(faults, 'mend the template, or give an option of the command that wins over it')
  return settings
}

export class ProgramSettings {
  readonly argv: readonly [string, ...string[]]
  /** Absolute; a template's is read from the caller's. */
  readonly cwd: string
  /** What is added to the caller's environment. */
  readonly env: Readonly<Record<string, string>>
  readonly #name: string | undefined
  readonly #template: RunTemplate | null
  readonly #plan: Record<string, Planned> = {}

  constructor(args: ProgramArguments, ctx: Call, template: RunTemplate | null) {
    this.#name = args.template
    this.#template = template
    const [program = '', ...rest] = [...(template?.argv ?? []), ...args.argv]
    this.argv = [program, ...rest]
    const added = args.argv.length > 0 ? 'template_and_command_line' : 'template'
    this.#plan['argv'] = { value: this.argv, from: template ? added : 'command_line' }
    const is_template_cwd = !ctx.given.has('cwd') && template?.cwd !== undefined
    this.cwd = is_template_cwd ? resolve(ctx.cwd, template?.cwd ?? '.') : ctx.cwd
    this.#plan['cwd'] = {
      value: this.cwd,
      from: is_template_cwd ? 'template' : ctx.given.has('cwd') ? 'command_line' : 'caller',
    }
    this.env = { ...template?.env, ...environmentOf(args.env) }
    const given = environmentOf(args.env)
    for (const [name, value] of Object.entries(this.env))
      this.#plan[`env.${name}`] = {
        value: isSecretName(name) ? '[REDACTED]' : value,
        from: Object.hasOwn(given, name) ? 'command_line' : 'template',
      }
  }

  /**
   * One option: the flag, else the template, else the default.
   * @param option its name in templates
   * @param given the flag's value; undefined where it was not given
   */
  option(option: TemplateOption, given: string | undefined): string | undefined
  option(option: TemplateOption, given: string | undefined, fallback: string): string
  option(option: TemplateOption, given: string | undefined, fallback?: string): string | undefined {
    const prepared = this.#template?.[option]
    const value = given ?? prepared ?? fallback
    if (value !== undefined) this.#planned(option, value, given, prepared)
    return value
  }

  /**
   * As `option`, for a duration.
   * @returns milliseconds
   * @throws CommandExit `TEMPLATE_INVALID` (exit 4) where the template's is none that the option may have
   */
  duration(
    option: TemplateOption,
    given: string | undefined,
    fallback: string,
    limits: DurationLimits,
  ): number {
    const text = this.option(option, given, fallback)
    const problem = durationProblem(text, limits)
    if (problem) throw this.refused([`${option} ${problem}`])
    return parseDuration(text) ?? 0
  }

  /** One option that templates do not know, and that was given. */
  own(option: string, value: unknown): void {
    this.#plan[option] = { value, from: 'command_line' }
  }

  /** As `own`, for a duration that was checked before; in milliseconds. */
  ownDuration(option: string, given: string | undefined, fallback: string): number {
    const value = given ?? fallback
    this.#plan[option] = { value, from: given === undefined ? 'default' : 'command_line' }
    return parseDuration(value) ?? 0
  }

  /** What would be started, for a dry run. */
  plan(): Readonly<Record<string, Planned>> {
    return this.#plan
  }

  /** Says which options of the template this command has no use for; to be called once all that it has were asked for. */
  warnOfUnused(ctx: Pick<BaseContext, 'warn'>): void {
    const unused = Object.keys(this.#template ?? {}).filter(
      option => option !== 'env' && !Object.hasOwn(this.#plan, option),
    )
    if (unused.length > 0)
      ctx.warn(
        'TEMPLATE_OPTION_UNUSED',
        `template ${this.#name}: ${unused.join(', ')} changes nothing here`,
        {
          template: this.#name ?? null,
          options: unused,
        },
      )
  }

  /** The template says what this command cannot do. */
  refused(
    faults: readonly string[],
    fix_required = 'mend the template, or give the option on the command line',
  ): CommandExit {
    const message = `template ${this.#name}: ${faults.join('; ')}`
    return new CommandExit('PRECONDITION', ExitCode.PRECONDITION, message, {
      code: 'TEMPLATE_INVALID',
      context: { template: this.#name ?? null, faults },
      fix_required,
    })
  }

  #planned(option: string, value: string, given: string | undefined, prepared: string | undefined): void {
    const from = given !== undefined ? 'command_line' : prepared !== undefined ? 'template' : 'default'
    this.#plan[option] = { value, from }
  }
}

/** The registration rules, a file each, in the order in which their findings are reported. */
import type { ParsingRule, Rule, ToolRule } from '../violation.js'
import { aliases } from './aliases.js'
import { backgroundAlone } from './background-alone.js'
import { backgroundFields } from './background-fields.js'
import { backgroundOutput } from './background-output.js'
import { cleanupCall } from './cleanup-call.js'
import { cleanupCommand } from './cleanup-command.js'
import { commandName } from './command-name.js'
import { delegatedAlone } from './delegated-alone.js'
import { delegatedOutput } from './delegated-output.js'
import { descriptions } from './descriptions.js'
import { dryRun } from './dry-run.js'
import { effect } from './effect.js'
import { enumValues } from './enum-values.js'
import { examples } from './examples.js'
import { exitDescriptions } from './exit-descriptions.js'
import { exitErrorCodes } from './exit-error-codes.js'
import { exitNames } from './exit-names.js'
import { exitNumbers } from './exit-numbers.js'
import { exitPromises } from './exit-promises.js'
import { exitSuccess } from './exit-success.js'
import { flagDefaults } from './flag-defaults.js'
import { flagNames } from './flag-names.js'
import { flagNegations } from './flag-negations.js'
import { flagPatterns } from './flag-patterns.js'
import { flagSchemas } from './flag-schemas.js'
import { flagShorts } from './flag-shorts.js'
import { flagVariables } from './flag-variables.js'
import { functions } from './functions.js'
import { maxLifetime } from './max-lifetime.js'
import { outputSchema } from './output-schema.js'
import { outputTimestamps } from './output-timestamps.js'
import { positionalNames } from './positional-names.js'
import { positionalOrder } from './positional-order.js'
import { routeName } from './route-name.js'
import { shadowedPositionals } from './shadowed-positionals.js'
import { toolIdentity } from './tool-identity.js'

export const TOOL_RULES: readonly ToolRule[] = [toolIdentity]

export const RULES: readonly Rule[] = [
  // The command itself
  commandName,
  routeName,
  aliases,
  functions,
  descriptions,

  // What it takes
  flagNames,
  flagNegations,
  flagVariables,
  flagShorts,
  enumValues,
  flagPatterns,
  flagSchemas,
  flagDefaults,
  positionalNames,
  positionalOrder,

  // How it ends
  exitSuccess,
  exitNames,
  exitNumbers,
  exitPromises,
  exitDescriptions,
  exitErrorCodes,

  // What it may destroy
  dryRun,
  effect,

  // What it leaves running
  backgroundFields,
  maxLifetime,
  backgroundAlone,
  backgroundOutput,
  delegatedAlone,
  delegatedOutput,
  cleanupCommand,

  // What it answers
  outputSchema,
]

/** These parse with the declared input: they run where it is sound. */
export const PARSING_RULES: readonly ParsingRule[] = [cleanupCall, examples]

/** What is allowed, but seldom meant. */
export const WARNING_RULES: readonly Rule[] = [shadowedPositionals, outputTimestamps]

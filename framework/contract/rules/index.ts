/** All registration rules, in the order in which their findings are reported. */
import type { ParsingRule, Rule } from '../violation.js'
import { backgroundAlone, backgroundFields, backgroundOutput } from './background-fields.js'
import { cleanupCall, cleanupCommand } from './cleanup-command.js'
import { dryRun, effect } from './danger.js'
import { examples, shadowedPositionals } from './examples.js'
import { exitCodes } from './exit-codes.js'
import { flagNames, flagShorts } from './flag-names.js'
import { flagPatterns } from './flag-patterns.js'
import { flagSchemas } from './flag-schemas.js'
import { flagChoices, flagDefaults } from './flag-values.js'
import { functions } from './functions.js'
import { names } from './names.js'
import { outputSchema, outputTimestamps } from './output-schema.js'
import { positionals } from './positionals.js'
import { descriptions } from './texts.js'

export const RULES: readonly Rule[] = [
  names,
  functions,
  descriptions,
  flagNames,
  flagShorts,
  flagChoices,
  flagPatterns,
  flagSchemas,
  flagDefaults,
  positionals,
  exitCodes,
  dryRun,
  effect,
  backgroundFields,
  backgroundAlone,
  backgroundOutput,
  cleanupCommand,
  outputSchema,
]

/** These parse with the declared input: they run where it is sound. */
export const PARSING_RULES: readonly ParsingRule[] = [cleanupCall, examples]

/** What is allowed, but seldom meant. */
export const WARNING_RULES: readonly Rule[] = [shadowedPositionals, outputTimestamps]

/** A log that reached its limit: cut by the real cap, read before, while and after it was cut. */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { appendFileSync, closeSync, fallocate, openSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { LogCap } from '../../../../framework/runs/log-cap.js'
import { LogFile } from '../../../../framework/runs/log-reader/log-file.js'
import { findGap } from '../../../../framework/runs/log-reader/gap.js'
import { recordedRun, stateRoot } from '../recorded-run.js'

#!/usr/bin/env node
// A complete small tool. `node site.js --help` shows it; `node site.js manifest --write` compiles it for production.
import { runTool } from 'chaperone'
import { definition } from './definition.js'

await runTool({ ...definition, manifest: new URL('site.manifest.js', import.meta.url) })

/** The reference tool: the framework's own commands, used for real. */
import { runAsStart } from '../commands/reference/run-as-start.js'
import { runTool } from '../framework/index.js'
import { FRAMEWORK_VERSION } from '../manifest/framework-version.js'

const NAME = 'chaperone'

/** Answers the call that this process is. */
export async function main(): Promise<never> {
  const argv = await runAsStart(process.argv.slice(2), preparedRuntime)
  process.argv.splice(2, Number.POSITIVE_INFINITY, ...argv)
  return runTool({
    name: NAME,
    version: FRAMEWORK_VERSION,
    description: 'Start, follow and stop processes, and never lose one.',
    commands: {
      run: () => import('../commands/reference/run.js'),
      start: () => import('../commands/reference/start.js'),
      'start-watcher': () => import('../commands/reference/start-watcher.js'),
      'stop-watcher': () => import('../commands/reference/stop-watcher.js'),
    },
    manifest: new URL('./chaperone.manifest.js', import.meta.url),
  })
}

/** What a template says of its runtime; one that cannot be used says nothing here: the command reads it again and refuses it. */
async function preparedRuntime(template: string): Promise<string | undefined> {
  const { loadTemplate } = await import('../framework/runs/templates.js')
  try {
    return loadTemplate({ name: NAME }, process.env, template).runtime
  } catch {
    return undefined
  }
}

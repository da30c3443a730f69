// Runs the suite on other Node versions, taken from the registry as packages: `npm run test:nodes [-- 22 24]`.
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

const asked = process.argv.slice(2)
const versions = asked.length > 0 ? asked : ['22', '24']
const platform = { linux: 'linux', darwin: 'darwin' }[process.platform]
if (!platform) throw new Error(`no Node packages for ${process.platform}`)

let failed = false
for (const version of versions) {
  const directory = mkdtempSync(join(tmpdir(), `node-${version}-`))
  // Some tests run programs as another user, who must get at this Node too.
  chmodSync(directory, 0o755)
  try {
    writeFileSync(join(directory, 'package.json'), '{"private":true}')
    const name = `node-${platform}-${process.arch}`
    execFileSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', `${name}@${version}`], {
      cwd: directory,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const bin = join(directory, 'node_modules', name, 'bin')
    const node = join(bin, 'node')
    const exact = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
    console.log(`\n== Node ${exact}`)
    // npm itself stays the host's; everything that a test starts as `node` is this one.
    const only_node = join(directory, 'path')
    execFileSync('mkdir', [only_node])
    symlinkSync(node, join(only_node, 'node'))
    const run = spawnSync(node, ['node_modules/vitest/vitest.mjs', 'run'], {
      stdio: 'inherit',
      env: { ...process.env, PATH: `${only_node}${delimiter}${process.env.PATH}` },
    })
    failed ||= run.status !== 0
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
process.exitCode = failed ? 1 : 0

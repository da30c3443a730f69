/** Builds once before the tests: what they drive is what is shipped. */
import { execFileSync } from 'node:child_process'

export default function setup(): void {
  if (process.env['CHAPERONE_SKIP_BUILD']) return
  execFileSync(process.execPath, ['build/build.mjs'], { stdio: 'inherit' })
}

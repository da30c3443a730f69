/** Choosing the tracking method of a process that holds exactly one run: the better one where this machine gives it. */
import { isAdopting } from '../process/adoption-probe.js'
import { lookAtChildren } from '../process/children.js'
import { loadNative, nativePath } from '../process/native.js'
import { ownChildren, Subreaper } from '../process/subreaper.js'
import type { StateRoot } from '../store/state-root.js'
import { crashReason, isCrash, probeNative } from './probe-native.js'
import type { RunIntent } from './records.js'
import { keepVerdict, readVerdict } from './tracking-verdict.js'

/**
 * Makes this process the subreaper of its run; call it before anything of the run is started.
 * @param options `tracking`: what was asked for; `may_crash`: whether somebody starts the run again, without this,
 *   should the native module end this process. Else it is loaded here only after another process has tried
 * @returns null where the run has to do with the snapshot method. Never rejects
 */
export async function becomeSubreaper(
  root: StateRoot,
  { tracking, may_crash }: { readonly tracking: RunIntent['tracking']; readonly may_crash: boolean },
): Promise<Subreaper | null> {
  if (tracking === 'snapshot') return null
  try {
    // An execve(2) keeps the children that a shell had: theirs would come to us, and are none of the run's.
    if (ownChildren(lookAtChildren()).length > 0) return null
    const path = nativePath()
    if (path === null) return null
    const known = readVerdict(root, path)
    if (known?.works === false) return null
    if (!known && !may_crash) {
      const verdict = await probeNative(path)
      keepVerdict(root, path, verdict)
      if (!verdict.works) return null
    }
    const subreaper = new Subreaper(loadNative(path))
    return known || !may_crash ? subreaper : await tried(root, path, subreaper)
  } catch {
    // Refused by the kernel or a filter, broken, or nothing more can be started here: it was only the better one.
    return null
  }
}

async function tried(root: StateRoot, path: string, subreaper: Subreaper): Promise<Subreaper | null> {
  let works = false
  try {
    works = await isAdopting(subreaper)
    keepVerdict(root, path, { works, reason: works ? null : NOT_ADOPTED })
    return works ? subreaper : null
  } finally {
    if (!works) subreaper.resign()
  }
}

export const NOT_ADOPTED = 'prctl(PR_SET_CHILD_SUBREAPER) succeeds, and yet orphans go to another process'

/**
 * Keeps in mind that a shim died of the native module, so that the next start does not try it.
 * @param signal what ended it
 * @returns whether that was it
 */
export function noteCrash(root: StateRoot, signal: NodeJS.Signals | null): boolean {
  const path = nativePath()
  if (path === null || !isCrash(signal)) return false
  keepVerdict(root, path, { works: false, reason: crashReason(path, signal) })
  return true
}

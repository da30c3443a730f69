/** What lives of a run that nobody holds: by its recorded main process, its journal, its marker. Looked for only then. */
import { identityOf, type ProcessIdentity } from '../process/identity.js'
import { parseLines, readText } from '../process/journal-file.js'
import { look } from '../process/liveness.js'
import { carriesMarker } from '../process/marker.js'
import { hasExited, type ProcessStat } from '../process/stat.js'
import { readProcessTable } from '../process/table.js'
import type { StateRoot } from '../store/state-root.js'
import { journalPath, type RunIntent, type RunMain } from './records.js'

/** Whether anything of the run is alive. Writes nothing. */
export function isAnythingAlive(root: StateRoot, intent: RunIntent, main: RunMain | null): boolean {
  if (main && look(main.main) === 'alive') return true
  if (journaled(root, intent.run_id).some(identity => look(identity) === 'alive')) return true
  return marked(intent.marker).length > 0
}

/**
 * The main process of a run whose owner died between the start and `main.json`: the oldest process that carries the
 * run's marker and leads its own session, as every main process does (setsid(2) before the program).
 * @param may_share a run on a terminal: there its main process leads no session
 */
export function unrecordedMain(marker: RunIntent['marker'], may_share: boolean): ProcessIdentity | null {
  const [oldest] = marked(marker)
    .filter(({ pid, sid }) => may_share || pid === sid)
    .sort((a, b) => a.start_time - b.start_time)
  return oldest ? identityOf(oldest) : null
}

/** Every living process that carries a run's marker, but for ourselves. */
function marked(marker: RunIntent['marker']): readonly ProcessStat[] {
  return [...readProcessTable().values()].filter(
    stat => !hasExited(stat) && stat.pid !== process.pid && carriesMarker(stat.pid, marker),
  )
}

function journaled(root: StateRoot, run_id: string): readonly ProcessIdentity[] {
  try {
    return parseLines(readText(journalPath(root, run_id)))
  } catch {
    // None was written, or it cannot be read: the marker has to do.
    return []
  }
}

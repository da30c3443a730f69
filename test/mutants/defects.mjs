// The defects that a fault test has to find, each by the text that it replaces in one source.

/**
 * @typedef {object} Defect
 * @property {string} name
 * @property {string} file the source
 * @property {string} from a text that stands in it exactly once
 * @property {string} to what stands there instead; it must compile
 * @property {string} row the fault test that finds it
 * @property {string} tests of that file, as a pattern of their names
 */

/** @type {readonly Defect[]} */
export const DEFECTS = [
  {
    name: 'no identity check',
    file: 'framework/process/liveness.ts',
    from: 'return stat.start_time === start_time && !hasExited(stat)',
    to: 'return start_time >= 0 && !hasExited(stat)',
    row: 'reused-pids',
    tests: 'start, subreaper everybody on record is dead',
  },
  {
    name: 'no CONT after TERM',
    file: 'framework/process/tree-signals.ts',
    from: "for (const signal of ['SIGTERM', 'SIGCONT'] as const)",
    to: "for (const signal of ['SIGTERM'] as const)",
    row: 'stopped-means-gone',
    tests: 'start.* a suspended program',
  },
  {
    name: 'waits for the main process only',
    file: 'framework/runs/owner.ts',
    from: 'const survivors = await this.#tree_ending.end(grace_ms, this.#force)',
    to: `const survivors = await Promise.race([
      this.#tree_ending.end(grace_ms, this.#force),
      this.exited.then(() => []),
    ])`,
    row: 'stopped-means-gone',
    tests: 'start.* the program obeys and its child does not',
  },
  {
    name: 'ignores a short write',
    file: 'framework/process/write-all.ts',
    from: 'while (written < bytes.length) {',
    to: 'if (written < bytes.length) {',
    row: 'short-writes',
    tests: 'start',
  },
  {
    name: 'trusts children.pids',
    file: 'framework/runs/stop-session.ts',
    from: '      this.#mark.renew()\n',
    to: `      this.#mark.renew()
      try {
        const path = \`\${this.#root.session(this.#session_id)}/children.pids\`
        const pids = process.getBuiltinModule('node:fs').readFileSync(path, 'utf8').trim().split('\\n')
        for (const pid of pids) process.kill(Number(pid), 'SIGTERM')
      } catch {}
`,
    row: 'forged-pid-file',
    tests: 'start.* session stop',
  },
  {
    name: 'records the end by rename, not by link',
    file: 'framework/store/reservation.ts',
    from: '      return linkOnce(this.#temporary, this.path, links)\n',
    to: `      renameSync(this.#temporary, this.path)
      return links > 0 ? 'published' : 'exists'
`,
    row: 'first-writer',
    tests: 'start.* an end that is recorded',
  },
  {
    name: 'kills by group after the main process is reaped',
    file: 'framework/runs/owner.ts',
    from: '    clearTimeout(this.#look_timer)\n    for (const cancel of this.#cancel) cancel()\n',
    to: `    clearTimeout(this.#look_timer)
    try {
      process.kill(-this.main.pid, 'SIGKILL')
    } catch {}
    for (const cancel of this.#cancel) cancel()
`,
    row: 'reused-group',
    tests: 'run, snapshot the end of a run sends nothing to a group',
  },
  {
    name: 'waitpid(-1)',
    file: 'framework/process/native.ts',
    from: 'reap: pid => waitpid(pid, null, WNOHANG) === pid',
    to: 'reap: pid => waitpid(-1, null, WNOHANG) === pid',
    row: 'adopted-orphans',
    tests: 'ends among its orphans',
  },
  {
    name: 'no guard',
    file: 'framework/runs/guard.ts',
    from: 'read -r _ && exit 0; exec "$@"',
    to: 'read -r _; exit 0',
    row: 'killed-together',
    tests: "start.* 'the owner' killed: the guard ends",
  },
  {
    name: 'starts without the claim',
    file: 'framework/runs/start-main.ts',
    from: "if (claimed === 'published') return reservation",
    to: "if (claimed === 'published' || claimed === 'exists') return reservation",
    row: 'first-writer',
    tests: 'start.* claims its run',
  },
  {
    name: 'takes what is in the middle of an execve for a stranger',
    file: 'framework/process/look.ts',
    from: "return words.length === 0 || markerState(stat.pid, this.#marker, this.#isRun) !== 'unknown'",
    to: 'return words.length === 0 && stat.pid < 0',
    row: 'mid-exec',
    tests: 'start, snapshot a stop does not answer',
  },
  {
    name: 'takes a page of a list for all of it',
    file: 'framework/process/proc-file.ts',
    from: 'readUntil(fd, read => read === 0)',
    to: 'readUntil(fd, read => read >= 0)',
    row: 'long-lists',
    tests: 'the last of thousands|left behind thousands',
  },
  {
    name: 'asks the runs inside a run once',
    file: 'framework/runs/nested.ts',
    from: '    while (await this.#endNew());\n',
    to: '',
    row: 'started-in-the-grace',
    tests: 'start, snapshot',
  },
]

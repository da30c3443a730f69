/**
 * Starting a process by posix_spawn(3): without a copy of our page tables, as fork(2) makes, and without Node's
 * child_process, which takes 5 ms to load with its sockets and streams (measured on Node 20).
 */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

export interface Spawn {
  /** The program is looked for as execvp(3) does, by the PATH of its own environment. */
  readonly argv: readonly [string, ...string[]]
  readonly environment: Readonly<Record<string, string>>
  /** Absolute. */
  readonly cwd: string
  /**
   * What become its descriptors 0, 1, 2 and so on; null for /dev/null. All others of ours are closed to it. They are given
   * in this order: none may have the number of one before it, but for its own.
   */
  readonly descriptors: readonly (number | null)[]
  /** Whether it leads a session and a group of its own (setsid(2)). */
  readonly is_leader: boolean
}

/**
 * @returns the pid of our new child, its program started
 * @throws SpawnFailed
 */
export type Spawner = (spawn: Spawn) => number

/** What is needed of a C library: functions by name, with the types of koffi. */
export interface CLibrary {
  func(name: string, result: string, parameters: readonly string[]): (...values: readonly unknown[]) => number
}

/** No process was started; `code` is the name of the error. */
class SpawnFailed extends Error {
  readonly code: string

  constructor(program: string, errno: number) {
    const { errno: numbers } = process.getBuiltinModule('node:os').constants
    const code = Object.entries(numbers).find(([, number]) => number === errno)?.[0] ?? `error ${errno}`
    super(`spawn ${program} ${code}`)
    this.name = 'SpawnFailed'
    this.code = code
  }
}

const [ENOENT, ENOEXEC, EACCES, ENOTDIR] = [2, 8, 13, 20]
/** More than the opaque types of any C library have (336 bytes at most in glibc and musl), and sigset_t's 128. */
const OPAQUE_BYTES = 1_024
/** POSIX_SPAWN_SETSIGDEF and POSIX_SPAWN_SETSIGMASK, and POSIX_SPAWN_SETSID (posix_spawn(3)). */
const [SIGNALS, SESSION] = [0x04 | 0x08, 0x80]
const O_RDWR = 2
/** Where nothing says otherwise (confstr(3), _CS_PATH). */
const DEFAULT_PATH = '/bin:/usr/bin'
const SHELL = '/bin/sh'

/**
 * @returns null where this C library has not all of the functions (glibc before 2.29)
 */
export function posixSpawner(library: CLibrary): Spawner | null {
  try {
    const system = functionsOf(library)
    return spawn => new Attempt(system, spawn).start()
  } catch {
    return null
  }
}

type System = ReturnType<typeof functionsOf>

function functionsOf(library: CLibrary) {
  const opaque = (name: string, ...more: readonly string[]) =>
    library.func(`posix_spawn${name}`, 'int', ['void *', ...more])
  return {
    spawn: opaque('', 'str', 'void *', 'void *', 'const char **', 'const char **'),
    beginActions: opaque('_file_actions_init'),
    endActions: opaque('_file_actions_destroy'),
    addDup2: opaque('_file_actions_adddup2', 'int', 'int'),
    addOpen: opaque('_file_actions_addopen', 'int', 'str', 'int', 'int'),
    addChdir: opaque('_file_actions_addchdir_np', 'str'),
    beginAttributes: opaque('attr_init'),
    endAttributes: opaque('attr_destroy'),
    setFlags: opaque('attr_setflags', 'short'),
    setDefaultSignals: opaque('attr_setsigdefault', 'void *'),
    setMask: opaque('attr_setsigmask', 'void *'),
  }
}

class Attempt {
  readonly #system: System
  readonly #spawn: Spawn
  readonly #actions = Buffer.alloc(OPAQUE_BYTES)
  readonly #attributes = Buffer.alloc(OPAQUE_BYTES)
  readonly #environment: readonly (string | null)[]
  readonly #pid = new Int32Array(1)

  constructor(system: System, spawn: Spawn) {
    this.#system = system
    this.#spawn = spawn
    this.#environment = [
      ...Object.entries(spawn.environment).map(([name, value]) => `${name}=${value}`),
      null,
    ]
  }

  start(): number {
    const { beginActions, endActions, beginAttributes, endAttributes } = this.#system
    beginActions(this.#actions)
    beginAttributes(this.#attributes)
    try {
      this.#describe()
      return this.#find()
    } finally {
      endActions(this.#actions)
      endAttributes(this.#attributes)
    }
  }

  /** As every program of Node's begins: all signals at their defaults, none blocked. */
  #describe(): void {
    const { addChdir, addDup2, addOpen, setDefaultSignals, setFlags, setMask } = this.#system
    const { cwd, descriptors, is_leader } = this.#spawn
    descriptors.forEach((descriptor, number) => {
      const failed =
        descriptor === null
          ? addOpen(this.#actions, number, '/dev/null', O_RDWR, 0)
          : addDup2(this.#actions, descriptor, number)
      this.#expect(failed)
    })
    this.#expect(addChdir(this.#actions, cwd))
    // All of them, also the two that glibc keeps for its threads: it would leave these ignored.
    this.#expect(setDefaultSignals(this.#attributes, Buffer.alloc(OPAQUE_BYTES, 0xff)))
    this.#expect(setMask(this.#attributes, Buffer.alloc(OPAQUE_BYTES)))
    this.#expect(setFlags(this.#attributes, is_leader ? SIGNALS | SESSION : SIGNALS))
  }

  /** Tries one place after the other, as execvp(3) does. */
  #find(): number {
    const { argv, cwd } = this.#spawn
    const [program] = argv
    const is_path = program.includes('/')
    let failed = ENOENT
    let is_closed = false
    for (const path of is_path ? [program] : this.#places(program)) {
      if (!is_path && !existsSync(resolve(cwd, path))) continue
      const errno = this.#try(path, argv)
      if (errno === 0) return this.#pid[0] ?? 0
      // What is executable and of no known format is a script of the shell.
      if (errno === ENOEXEC) {
        this.#expect(this.#try(SHELL, [SHELL, path, ...argv.slice(1)]))
        return this.#pid[0] ?? 0
      }
      if (is_path || ![EACCES, ENOENT, ENOTDIR].includes(errno)) return this.#expect(errno)
      if (errno === EACCES) is_closed = true
      // What is there and is not a directory, or not there, is the working directory.
      else failed = errno
    }
    return this.#expect(is_closed ? EACCES : failed)
  }

  #places(program: string): readonly string[] {
    if (program === '') return []
    return (this.#spawn.environment['PATH'] ?? DEFAULT_PATH)
      .split(':')
      .map(place => join(place || '.', program))
  }

  #try(path: string, argv: readonly string[]): number {
    return this.#system.spawn(
      this.#pid,
      path,
      this.#actions,
      this.#attributes,
      [...argv, null],
      this.#environment,
    )
  }

  /** @throws SpawnFailed where it is not 0 */
  #expect(errno: number): number {
    if (errno !== 0) throw new SpawnFailed(this.#spawn.argv[0], errno)
    return errno
  }
}

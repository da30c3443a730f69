/**
 * The system calls that Node has no function for, through koffi, an optional dependency: taken from its prebuilt package
 * for this platform, which has no install script, and loaded without its loader, which costs more than the rest (7 ms).
 */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type CLibrary, posixSpawner, type Spawner } from './posix-spawn.js'
import { readProcList } from './proc-file.js'
import { SIGNALS } from './signal-numbers.js'

/** System calls of this process. Each returns at once, but for a spawner, which waits for the execve(2). */
export interface Native {
  /** The version of koffi. */
  readonly version: string
  /**
   * prctl(2).
   * @returns 0; or the number of the error, negative
   */
  prctl(option: number, value: number): number
  /**
   * waitpid(2) with WNOHANG for one child that has exited.
   * @returns whether it was reaped
   */
  reap(pid: number): boolean
  /**
   * pidfd_open(2).
   * @returns a descriptor; null where there is none to be had, for whatever reason
   */
  openPidfd(pid: number): number | null
  /**
   * pidfd_send_signal(2).
   * @returns `gone` where the process has exited; `failed` for whatever else kept it from being sent
   */
  signalPidfd(pidfd: number, signal: NodeJS.Signals): 'sent' | 'gone' | 'failed'
  /**
   * waitpid(2) with WNOHANG for one child.
   * @returns how it exited, and then it is reaped; null where it has not, or is none of ours
   */
  exitOf(pid: number): Exited | null
  /** _exit(2): nothing of Node or of the C library has its say. Returns only where that could not be called. */
  exit(code: number): void
  /**
   * pipe2(2), both ends closed to new programs.
   * @returns the reading and the writing end; null where there is none to be had
   */
  openPipe(): readonly [number, number] | null
  /**
   * poll(2) of one descriptor, asked for no event and without a wait: it tells no more than POLLERR, of a pipe that nobody
   * reads, POLLHUP, of a socket or a terminal whose other end was closed, and POLLNVAL, of what is not open. A socket whose
   * peer will send no more, and may read on, has none of these.
   */
  isHungUp(descriptor: number): boolean
  /** @returns null where this C library cannot; asked for only by who starts something, for it takes a while */
  spawner(): Spawner | null
}

/** How a process exited; a signal that has no name, a real-time one, as a shell tells it: by 128 and its number. */
export interface Exited {
  readonly exit_code: number | null
  readonly signal: NodeJS.Signals | null
}

/** The package that has the native module of this platform. */
export const NATIVE_PACKAGE = `@koromix/koffi-${process.platform}-${process.arch}`

/** These two have the same number on every architecture (pidfd_send_signal(2), pidfd_open(2)). */
const SYS_PIDFD_SEND_SIGNAL = 424
const SYS_PIDFD_OPEN = 434
const WNOHANG = 1
/** errno(3): the same on every architecture of Linux that has a package. */
const ESRCH = 3
const O_CLOEXEC = 0o2000000
/** As every shell reports the end by a signal. */
const SIGNALLED = 128

/** What of koffi is used. */
interface Koffi {
  readonly version: string
  load(path: null): CLibrary
  errno(): number
}

/**
 * Where the native module lies for this process, looked for in every node_modules above this file.
 * @returns null where none is installed, or there is none for this platform
 */
export function nativePath(from: string = dirname(fileURLToPath(import.meta.url))): string | null {
  const build = `${isMusl() ? 'musl' : process.platform}_${process.arch}`
  const inside = join('node_modules', NATIVE_PACKAGE, build, 'koffi.node')
  for (let directory = from; ; directory = dirname(directory)) {
    const path = join(directory, inside)
    if (existsSync(path)) return path
    if (directory === dirname(directory)) return null
  }
}

/**
 * Loads it. What is broken may end this process by a signal.
 * @throws Error where it cannot be loaded, or is not koffi
 */
export function loadNative(path: string): Native {
  const module: { exports: unknown } = { exports: {} }
  process.dlopen(module, path)
  const koffi = module.exports
  if (!isKoffi(koffi)) throw new Error(`${path} is not koffi`)
  // The symbols of this process, and so of the C library that it runs with.
  const library = koffi.load(null)
  const prctl = library.func('prctl', 'int', ['int', ...Array<string>(4).fill('unsigned long')])
  const waitpid = library.func('waitpid', 'int', ['int', 'void *', 'int'])
  const status = new Int32Array(1)
  let spawner: Spawner | null | undefined
  let poll: ReturnType<typeof pollOf> | undefined
  const syscall = library.func('syscall', 'long', Array<string>(5).fill('long'))
  return {
    version: koffi.version,
    prctl: (option, value) => (prctl(option, value, 0, 0, 0) === -1 ? -koffi.errno() : 0),
    reap: pid => waitpid(pid, null, WNOHANG) === pid,
    openPidfd(pid) {
      const pidfd = syscall(SYS_PIDFD_OPEN, pid, 0, 0, 0)
      return pidfd < 0 ? null : pidfd
    },
    signalPidfd(pidfd, signal) {
      if (syscall(SYS_PIDFD_SEND_SIGNAL, pidfd, SIGNALS.indexOf(signal), 0, 0) === 0) return 'sent'
      return koffi.errno() === ESRCH ? 'gone' : 'failed'
    },
    exit(code) {
      try {
        library.func('_exit', 'void', ['int'])(code)
      } catch {
        // Node's own end is left.
      }
    },
    exitOf: pid => (waitpid(pid, status, WNOHANG) === pid ? exited(status[0] ?? 0) : null),
    openPipe() {
      const ends = new Int32Array(2)
      const [reading = 0, writing = 0] = pipe2Of(library)(ends, O_CLOEXEC) === 0 ? ends : []
      return writing > 0 ? [reading, writing] : null
    },
    isHungUp(descriptor) {
      poll ??= pollOf(library)
      // struct pollfd: the descriptor, then the events that are asked for and those that there are, in two halves.
      return poll(new Int32Array([descriptor, 0]), 1, 0) === 1
    },
    spawner() {
      if (spawner === undefined) spawner = posixSpawner(library)
      return spawner
    },
  }
}

const pipe2Of = (library: CLibrary) => library.func('pipe2', 'int', ['void *', 'int'])

const pollOf = (library: CLibrary) => library.func('poll', 'int', ['void *', 'unsigned long', 'int'])

/** @param status as waitpid(2) fills it in: of a process that has exited, never of one that was stopped */
function exited(status: number): Exited {
  const number = status & 0x7f
  if (number === 0) return { exit_code: (status >> 8) & 0xff, signal: null }
  const signal = SIGNALS[number]
  return signal ? { exit_code: null, signal } : { exit_code: SIGNALLED + number, signal: null }
}

function isKoffi(value: unknown): value is Koffi {
  return (
    typeof value === 'object' &&
    value !== null &&
    'version' in value &&
    typeof value.version === 'string' &&
    'load' in value &&
    typeof value.load === 'function' &&
    'errno' in value &&
    typeof value.errno === 'function'
  )
}

/** Which C library this process runs with, by what is mapped into it. */
const isMusl = (): boolean => readProcList('/proc/self/maps')?.includes('/ld-musl-') ?? false

/** The reference tool installed for one test, with a native module of the test's own making, or none. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Sandbox } from '../harness/sandbox.js'

/** @param native C source of the module; null for none. @returns the script of the tool */
export function installed(sandbox: Sandbox, native: string | null): string {
  const root = sandbox.directory('installed')
  cpSync('dist', join(root, 'dist'), { recursive: true })
  cpSync('package.json', join(root, 'package.json'))
  const modules = join(root, 'node_modules')
  mkdirSync(modules)
  for (const name of readdirSync('node_modules'))
    if (name !== '@koromix' && !name.startsWith('.'))
      symlinkSync(resolve('node_modules', name), join(modules, name))
  if (native !== null) {
    const place = join(modules, '@koromix', `koffi-linux-${process.arch}`, `linux_${process.arch}`)
    mkdirSync(place, { recursive: true })
    const source = sandbox.file('native.c', native)
    execFileSync('gcc', ['-shared', '-fPIC', '-o', join(place, 'koffi.node'), source])
  }
  return join(root, 'dist/bin/chaperone.js')
}

/** Ends whoever loads it, as a build for another processor does. */
export const CRASHING = `
#include <signal.h>
__attribute__((constructor)) static void crash(void) { signal(SIGSEGV, SIG_DFL); raise(SIGSEGV); }
`

/** A library that is no module of Node. */
export const USELESS = 'int nothing = 0;'

/** What a filter can do to a system call instead of letting it through: SECCOMP_RET_* (seccomp(2)). */
const FILTER_ACTIONS = {
  /** EPERM. */
  refuse: 0x00050000 | 1,
  /** Success is told, and nothing done: an error of number 0. */
  pretend: 0x00050000,
  /** SIGSYS, for the whole process. */
  kill: 0x80000000,
} as const

/** A python program that runs a command under a filter which does so to prctl(PR_SET_CHILD_SUBREAPER). */
export const withoutSubreaper = (action: keyof typeof FILTER_ACTIONS): string => `
import ctypes, os, struct, sys
NR_PRCTL = {'x86_64': 157, 'aarch64': 167}[os.uname().machine]
LOAD, EQUALS, RETURN = 0x20, 0x15, 0x06
ALLOW, ACTION = 0x7fff0000, ${FILTER_ACTIONS[action]}
code = [(LOAD, 0, 0, 0), (EQUALS, 0, 3, NR_PRCTL), (LOAD, 0, 0, 16), (EQUALS, 0, 1, 36), (RETURN, 0, 0, ACTION), (RETURN, 0, 0, ALLOW)]
filters = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *one) for one in code))
class Program(ctypes.Structure):
  _fields_ = [('length', ctypes.c_ushort), ('filter', ctypes.c_void_p)]
program = Program(len(code), ctypes.addressof(filters))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(program), 0, 0) == 0
os.execvp(sys.argv[1], sys.argv[1:])
`

/** The report in a file, whole or not at all: a reader never sees a part of it. */
import {
  accessSync,
  closeSync,
  constants,
  openSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
} from 'node:fs'
import { dirname, resolve } from 'node:path'
import { errnoOf } from '../process/errno.js'
import { writeAll } from '../process/write-all.js'
import { temporaryPath } from '../store/temporary.js'
import { FrameworkExit } from './framework-exit.js'

const { O_CREAT, O_EXCL, O_NONBLOCK, O_WRONLY, W_OK } = constants

export class ReportFile {
  readonly path: string
  /** A device or a pipe is written; a file is replaced. */
  readonly #is_stream: boolean

  private constructor(path: string, is_stream: boolean) {
    this.path = path
    this.#is_stream = is_stream
  }

  /**
   * Looks whether the file can be written, before anything is started for which it would be missing.
   * @throws FrameworkExit `REPORT_UNWRITABLE`
   */
  static at(path: string, cwd: string): ReportFile {
    const wanted = resolve(cwd, path)
    try {
      const stat = statSync(wanted, { throwIfNoEntry: false })
      if (stat?.isDirectory()) throw Object.assign(new Error('it is a directory'), { code: 'EISDIR' })
      const is_stream = stat !== undefined && !stat.isFile()
      // What a link names is replaced, not the link.
      const target = stat && !is_stream ? realpathSync(wanted) : wanted
      accessSync(is_stream ? target : dirname(target), W_OK)
      return new ReportFile(target, is_stream)
    } catch (error) {
      throw unwritable(wanted, error)
    }
  }

  /** @throws FrameworkExit `REPORT_UNWRITABLE`; what stood there before still stands */
  write(text: string): void {
    const bytes = Buffer.from(text, 'utf8')
    try {
      if (this.#is_stream) writeTo(this.path, O_WRONLY | O_NONBLOCK, bytes)
      else this.#replace(bytes)
    } catch (error) {
      throw unwritable(this.path, error)
    }
  }

  #replace(bytes: Uint8Array): void {
    const temporary = temporaryPath(this.path, '.tmp')
    try {
      writeTo(temporary, O_WRONLY | O_CREAT | O_EXCL, bytes)
      renameSync(temporary, this.path)
    } catch (error) {
      try {
        unlinkSync(temporary)
      } catch {
        // It was not made.
      }
      throw error
    }
  }
}

function writeTo(path: string, flags: number, bytes: Uint8Array): void {
  const fd = openSync(path, flags, 0o666)
  try {
    writeAll(fd, bytes)
  } finally {
    closeSync(fd)
  }
}

function unwritable(path: string, error: unknown): FrameworkExit {
  const errno = errnoOf(error)
  return new FrameworkExit('PRECONDITION', 'REPORT_UNWRITABLE', `the report cannot be written to ${path}`, {
    cause: error instanceof Error ? error.message : String(error),
    context: { path, errno },
    fix_required: 'name a file in a directory that is there and that you can write',
  })
}

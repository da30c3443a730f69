/** The ways in which a file that stands under a record's name can be none, or another one. */
import {
  chmodSync,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'

/** Longer than any record may be. */
const HUGE = 5 * 1024 * 1024

export const DAMAGES: Readonly<Record<string, (path: string) => void>> = {
  empty: path => truncateSync(path, 0),
  truncated: path => truncateSync(path, Math.floor(lstatSync(path).size / 2)),
  huge: path =>
    writeFileSync(path, `${readFileSync(path, 'utf8').trimEnd().slice(0, -1)}${' '.repeat(HUGE)}}`),
  binary: path => overwritten(path, Buffer.from([0, 0xff, 0x7b, 0xfe, 0, 0x22, 0xc3, 0x28])),
  'of another kind': path => writeFileSync(path, '[{"schema_version":"1.0"}]'),
  'of a newer version': path =>
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace('"schema_version":"1.0"', '"schema_version":"7.0"'),
    ),
  'of another run': path =>
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace(/"run_id":"[0-9a-f]{12}"/, '"run_id":"deadbeef0000"'),
    ),
  'a symlink': path => {
    writeFileSync(`${path}.elsewhere`, readFileSync(path))
    rmSync(path)
    symlinkSync(`${path}.elsewhere`, path)
  },
  'a directory': path => {
    rmSync(path)
    mkdirSync(path)
  },
}

/** @param how one of the damages, or `closed`: nobody may read it, where that counts for who reads it */
export function damaged(path: string, how: string): void {
  if (how === 'closed') chmodSync(path, 0)
  else DAMAGES[how]?.(path)
}

function overwritten(path: string, bytes: Buffer): void {
  const fd = openSync(path, 'r+')
  writeSync(fd, bytes, 0, bytes.length, 0)
  closeSync(fd)
}

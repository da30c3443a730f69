import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { expect, test } from 'vitest'
import { identify, sameProcess, self, thisHost } from '../../../framework/process/identity.js'
import validateIdentity from '../../../schemas/generated/validate-process-identity.js'
import { runElsewhere } from './elsewhere.js'
import { stage, startZombie } from './stage.js'
import { canUnshare, ps, reap, waitFor } from './witness.js'

function machineId(): string {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim()
  } catch {
    return ''
  }
}

test('names the host, the boot and the PID namespace as the kernel does', () => {
  const { host_id, boot_id, pid_namespace } = thisHost()
  expect(host_id).toBe(machineId() || hostname())
  expect(boot_id).toBe(readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())
  expect(readlinkSync('/proc/self/ns/pid')).toBe(`pid:[${pid_namespace}]`)
})

test.skipIf(!canUnshare)('goes by the host name where an image has no machine-id yet', () => {
  const ask = `import { thisHost } from './framework/process/identity.js'; console.log(JSON.stringify(thisHost().host_id))`
  const blank = [
    'unshare',
    '--mount',
    'sh',
    '-c',
    'mount --bind /dev/null /etc/machine-id && exec "$@"',
    'blank',
  ]
  expect(runElsewhere(ask, blank)).toBe(hostname())
})

test('is itself', () => {
  expect(self().pid).toBe(process.pid)
  expect(identify(process.pid)).toEqual(self())
})

test('fits the schema of the records that hold it', () => {
  const { pid } = stage.spawn('sleep', ['600'])
  expect(validateIdentity(self())).toBe(true)
  expect(validateIdentity(identify(pid))).toBe(true)
})

test('is null for a zombie and for nobody', async () => {
  const zombie = await startZombie()
  expect(identify(zombie)).toBeNull()
  const child = stage.spawn('sleep', ['600'])
  await reap(child)
  expect(identify(child.pid)).toBeNull()
})

test('stays the same over an exec, and differs between processes', async () => {
  const child = stage.shell('note before; exec sleep 600')
  await stage.pidIn('before')
  const before = identify(child.pid)
  await waitFor('the exec', () => ps(child.pid, 'comm') === 'sleep')
  const after = identify(child.pid)
  expect(after).toEqual(before)
  expect(before && after && sameProcess(before, after)).toBe(true)
  expect(after && sameProcess(after, self())).toBe(false)
})

test.each(['host_id', 'boot_id', 'pid_namespace', 'pid', 'start_time'] as const)(
  'tells processes apart that differ in %s alone',
  field => {
    const other = { ...self(), [field]: typeof self()[field] === 'number' ? 7 : 'other' }
    expect(sameProcess(self(), other)).toBe(false)
  },
)

/** What a process that nobody gives a core to for a while does: nothing at all. */
export function noCoreFor(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

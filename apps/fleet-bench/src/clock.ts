/** The monotonic time of this machine, in milliseconds: on Linux the same in all of its processes. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

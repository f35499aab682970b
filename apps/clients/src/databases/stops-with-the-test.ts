import { onTestFinished } from 'vitest'

/** Gives back a proxy, or a manager of proxies, that the running test uses; when the test has ended it is stopped. */
export function stopsWithTheTest<T extends { stop(): Promise<void> }>(started: T): T {
  onTestFinished(() => started.stop())
  return started
}

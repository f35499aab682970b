import { expect, test } from 'vitest'
import { observed } from './observed.ts'

const OPERATIONS = 10

test.for(Object.entries(observed.contenders))(
  '%s: every call is answered, and was seen in the end',
  async ([, make]) => {
    const subject = await make()
    for (let n = 0; n < OPERATIONS; n++) expect(await subject.run()).toBe(7)
    await subject.dispose?.()
  },
)

test.for(Object.entries(observed.contenders).filter(([name]) => ['Prometheus', 'OpenTelemetry traces'].includes(name)))(
  '%s: a watcher who saw no call is found out',
  async ([, make]) => {
    const subject = await make()
    await expect(subject.dispose?.()).rejects.toThrow('not seen')
  },
)

import { expect, test } from 'vitest'
import { snapshot } from './snapshot.ts'

async function subjectOf(name: string) {
  const subject = await snapshot.contenders[name]?.()
  if (subject === undefined) throw new Error(`There is no contender '${name}'`)
  return subject
}

test.for(Object.keys(snapshot.contenders))('%s: can be done again, and ends as it should', async (name) => {
  const subject = await subjectOf(name)
  await subject.run()
  await subject.run()
  // Its end looks at what the last one was.
  expect(await subject.dispose?.()).toBeUndefined()
})

test.for(['management snapshot', 'management snapshot, all 200 called before it'])(
  '%s: each is another one',
  async (name) => {
    const subject = await subjectOf(name)
    const first = await subject.run()
    const second = await subject.run()
    expect(first).toMatchObject({ status: 200, headers: { ETag: expect.any(String) } })
    expect(second).not.toMatchObject({ headers: { ETag: (first as { headers: { ETag: string } }).headers.ETag } })
    await subject.dispose?.()
  },
)

test('a snapshot asked for again is the one before', async () => {
  const subject = await subjectOf('snapshot again within two seconds')
  expect(await subject.run()).toEqual(await subject.run())
  await subject.dispose?.()
})

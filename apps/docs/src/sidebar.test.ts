import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { sidebar } from './sidebar.ts'

function itemsOf(pages: readonly string[]): Record<string, unknown> {
  const folder = mkdtempSync(join(tmpdir(), 'svcproxy-pages-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const page of pages) {
    mkdirSync(dirname(join(folder, page)), { recursive: true })
    writeFileSync(join(folder, page), `# Title of ${page}\n`)
  }
  return Object.fromEntries(
    sidebar(folder).map(({ text, items }) => [text, items?.map((item) => [item.text, item.link])]),
  )
}

test('pages stand in the order of reading, whatever their names', () => {
  const { Guide } = itemsOf(['guide/kubernetes.md', 'guide/first-hour.md'])
  expect(Guide).toEqual([
    ['Title of guide/first-hour.md', '/guide/first-hour.md'],
    ['Title of guide/kubernetes.md', '/guide/kubernetes.md'],
  ])
})

test('a page that nobody has put in order comes last in its group', () => {
  const { Guide, Background } = itemsOf(['guide/a-new-one.md', 'guide/testing.md', 'another.md', 'performance.md'])
  expect(Guide).toEqual([
    ['Title of guide/testing.md', '/guide/testing.md'],
    ['Title of guide/a-new-one.md', '/guide/a-new-one.md'],
  ])
  expect(Background).toEqual([
    ['Title of performance.md', '/performance.md'],
    ['Title of another.md', '/another.md'],
  ])
})

test('the front page is not in it', () => {
  expect(itemsOf(['index.md'])['Background']).toEqual([])
})

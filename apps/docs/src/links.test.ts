import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pagesByFile, withSiteLinks } from './links.ts'

const repository = mkdtempSync(join(tmpdir(), 'svcproxy-docs-'))
const pictures: string[] = []
const context = {
  repository,
  pages: pagesByFile([
    { file: 'README.md', page: 'overview.md' },
    { file: 'packages/core/README.md', page: 'packages/core.md' },
    { file: 'docs/clients.md', page: 'clients.md' },
  ]),
  onPicture: (file: string) => pictures.push(file),
}

beforeAll(() => {
  for (const [file, text] of Object.entries({
    'packages/core/src/index.ts': '',
    'docs/pictures/a.png': '',
    'docs/pictures/way.svg': '<svg>\n  <style>.a { color: red }</style>\n  <g/>\n</svg>\n',
  })) {
    mkdirSync(dirname(join(repository, file)), { recursive: true })
    writeFileSync(join(repository, file), text)
  }
})

afterAll(() => rmSync(repository, { recursive: true }))

test.each([
  ['a page', '[x](../packages/core/README.md#errors)', '[x](/packages/core.md#errors)'],
  ['the folder of a package', '[x](../packages/core)', '[x](/packages/core.md)'],
  ['the README', '[x](../README.md)', '[x](/overview.md)'],
  ['a heading of the same page', '[x](#there)', '[x](#there)'],
  ['another site', '[x](https://example.org/a.md)', '[x](https://example.org/a.md)'],
  [
    'a file',
    '[x](../packages/core/src/index.ts)',
    '[x](https://github.com/svcproxy/svcproxy/blob/main/packages/core/src/index.ts)',
  ],
  ['a folder', '[x](../packages/core/src)', '[x](https://github.com/svcproxy/svcproxy/tree/main/packages/core/src)'],
  ['a picture', '[x](pictures/a.png)', '[x](/docs/pictures/a.png)'],
  ['a page, by a picture', '[![x](pictures/a.png)](clients.md)', '[![x](/docs/pictures/a.png)](/clients.md)'],
])('a link to %s leads there from the site', (_, written, shown) => {
  expect(withSiteLinks(`See ${written}.`, 'docs/page.md', context)).toBe(`See ${shown}.`)
})

test('pictures are told of', () => {
  pictures.length = 0
  withSiteLinks('![x](pictures/a.png)', 'docs/page.md', context)
  expect(pictures).toEqual(['docs/pictures/a.png'])
})

test('a link that leads nowhere fails with its page', () => {
  expect(() => withSiteLinks('[x](gone.md)', 'docs/page.md', context)).toThrow('docs/page.md: the link to gone.md')
})

test('code is left alone', () => {
  const code = 'Say `[x](gone.md)`.\n\n```md\n[x](gone.md)\n```\n'
  expect(withSiteLinks(code, 'docs/page.md', context)).toBe(code)
})

test('a drawing becomes a part of the page, in the colours of the page', () => {
  expect(withSiteLinks('![A "way"](pictures/way.svg)', 'docs/page.md', context)).toBe(
    '<figure class="drawing" role="img" aria-label="A &quot;way&quot;"><svg> <g/> </svg></figure>',
  )
})

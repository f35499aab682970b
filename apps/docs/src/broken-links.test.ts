import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { brokenLinks } from './broken-links.ts'

function site(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'svcproxy-site-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), text)
  }
  return folder
}

const page = '<h2 id="b&amp;c"></h2>'

test('links to pages, folders, anchors, pictures and other sites are right', () => {
  const index = ['/a', '/a#b&amp;c', './a.html', '/folder/', '#top', 'https://example.org/x', '/p.png?a=1']
    .map((link) => `<a class="x" href="${link}">x</a>`)
    .join('')
  const folder = site({
    'index.html': `<p id="top">${index}<img src="/p.png"></p>`,
    'a.html': page,
    'folder/index.html': '<a href="../a#b&amp;c">x</a>',
    'p.png': '',
  })
  expect(brokenLinks(folder)).toEqual({ pages: 3, checked: 8, links: [] })
})

test.each(['/gone', '/a#gone', '#gone', '/gone.png', '/folder'])('%s leads nowhere', (link) => {
  const folder = site({ 'index.html': `<a href="${link}">x</a>`, 'a.html': page })
  expect(brokenLinks(folder).links).toEqual([{ page: 'index.html', link }])
})

test('a picture that is not there is found', () => {
  const folder = site({ 'index.html': '<img alt="x" src="/gone.png">' })
  expect(brokenLinks(folder).links).toEqual([{ page: 'index.html', link: '/gone.png' }])
})

test('of a site that is not at the root of its host, links go below its base', () => {
  const folder = site({ 'index.html': '<a href="/docs/a">x</a><a href="/a">x</a>', 'a.html': page })
  expect(brokenLinks(folder, '/docs/').links).toEqual([{ page: 'index.html', link: '/a' }])
})

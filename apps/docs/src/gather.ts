// Copies the repository's Markdown and its pictures into the source folder of the site.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { pagesByFile, withSiteLinks } from './links.ts'
import { pagesFolder, root, type Source, sources } from './sources.ts'

const DECISIONS = 'docs/decisions'

export function gather(): void {
  const all = sources()
  const pages = pagesByFile(all).set(DECISIONS, 'decisions/index.md')
  const pictures = new Set<string>()
  const context = { repository: root, pages, onPicture: (file: string) => pictures.add(file) }
  for (const { file, page } of all) {
    const markdown = withSiteLinks(readFileSync(join(root, file), 'utf8'), file, context)
    writePage(page, withFrontmatter(markdown, [`source: ${file}`]))
  }
  writePage('decisions/index.md', withFrontmatter(listOfDecisions(all), ['editLink: false']))
  cpSync(join(import.meta.dirname, '../public'), join(pagesFolder, 'public'), { recursive: true })
  for (const picture of pictures) cpSync(join(root, picture), join(pagesFolder, 'public', picture))
}

/** Starts with an empty folder. */
export function forgetPages(): void {
  rmSync(pagesFolder, { recursive: true, force: true })
}

export function writePage(page: string, markdown: string): void {
  const path = join(pagesFolder, page)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, markdown)
}

/** The first heading of a page. */
export function titleOf(markdown: string): string {
  return /^# (.+)$/m.exec(markdown)?.[1] ?? ''
}

export function withFrontmatter(markdown: string, lines: readonly string[]): string {
  const body = markdown.startsWith('---\n') ? markdown.slice('---\n'.length) : `---\n\n${markdown}`
  return `---\n${lines.join('\n')}\n${body}`
}

function listOfDecisions(all: readonly Source[]): string {
  const entries = all
    .filter(({ file }) => posix.dirname(file) === DECISIONS)
    .map(({ file }) => `- [${titleOf(readFileSync(join(root, file), 'utf8'))}](./${posix.basename(file)})`)
  return [
    '# Decisions',
    'What was decided, why, and what was tried before. One page each, in the order in which they were made.',
    entries.toSorted().join('\n'),
    '',
  ].join('\n\n')
}

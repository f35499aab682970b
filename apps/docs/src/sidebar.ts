// The order of the pages. What is not named here comes after the others of its folder, so none is forgotten.
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import type { DefaultTheme } from 'vitepress'
import { titleOf } from './gather.ts'
import { pagesFolder } from './sources.ts'

interface Group {
  readonly text: string
  readonly pages: readonly string[]
  /** The folder whose other pages belong here; `.` is that of the pages in no folder. */
  readonly folder?: string
}

const GROUPS: readonly Group[] = [
  {
    text: 'Guide',
    folder: 'guide',
    pages: [
      'guide/first-hour.md',
      'guide/adopt-one-handler-at-a-time.md',
      'guide/testing.md',
      'examples.md',
      'choosing-a-policy.md',
      'guide/kubernetes.md',
      'guide/writing-an-adapter.md',
      'guide/when-not-to-use-it.md',
    ],
  },
  {
    text: 'Migrate',
    folder: 'migrate',
    pages: ['migrate/opossum.md', 'migrate/cockatiel.md', 'migrate/lru-cache.md'],
  },
  { text: 'Recipes', pages: ['clients.md'] },
  {
    text: 'Operations',
    folder: 'operations',
    pages: ['operations/dashboard.md', 'packages/dashboard.md', 'operations/runbook.md', 'packages/cli.md', 'fleet.md'],
  },
  {
    text: 'Reference',
    pages: ['reference/errors.md', 'reference/events.md', 'reference/metrics.md', 'reference/api/index.md'],
  },
  { text: 'Packages', folder: 'packages', pages: ['packages/core.md'] },
  {
    text: 'Background',
    folder: '.',
    pages: ['overview.md', 'architecture.md', 'decisions/index.md', 'performance.md'],
  },
]

/** What a page is called in the sidebar, where its title is too long for that. */
const SHORT: Readonly<Record<string, string>> = {
  'overview.md': 'README',
  'clients.md': 'Recipes by client',
  'packages/dashboard.md': 'What the dashboard shows',
  'packages/cli.md': 'Command line',
  'reference/api/index.md': 'API',
}

/** Of the pages in `folder`, which are all there by now. */
export function sidebar(folder: string = pagesFolder): DefaultTheme.SidebarItem[] {
  const all = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.md') && name !== 'index.md')
  const named = GROUPS.flatMap(({ pages }) => pages)
  return GROUPS.map(({ text, pages, folder: ofFolder }) => {
    const others = all.filter((page) => posix.dirname(page) === ofFolder && !named.includes(page))
    const items = [...pages.filter((page) => all.includes(page)), ...others.toSorted()]
    return {
      text,
      items: items.map((page) => ({
        text: SHORT[page] ?? titleOf(readFileSync(join(folder, page), 'utf8')),
        link: `/${page}`,
      })),
    }
  })
}

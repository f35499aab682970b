// Which Markdown of the repository is which page of the site. Pages stay where they are; the site has copies.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** The folder of the repository. */
export const root: string = join(import.meta.dirname, '../../..')
/** Where readers find the code. */
export const REPOSITORY = 'https://github.com/svcproxy/svcproxy'
/** What is gathered and made here is not in the repository. */
export const pagesFolder: string = join(import.meta.dirname, '../temp/pages')
/** The built site. */
export const siteFolder: string = join(import.meta.dirname, '../temp/site')

/** Where the site is served from: the root of a host, or `/svcproxy/` for example. It begins and ends with a slash. */
export const BASE = `/${(process.env['DOCS_BASE'] ?? '').replaceAll(/^\/|\/$/g, '')}/`.replace('//', '/')

/** A page: the file it is made from, and its place on the site, both with `/`. */
export interface Source {
  readonly file: string
  readonly page: string
}

/** All pages that are written by hand. */
export function sources(): Source[] {
  const packages = readdirSync(join(root, 'packages')).filter((name) =>
    existsSync(join(root, 'packages', name, 'README.md')),
  )
  const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => name.replaceAll('\\', '/'))
  return [
    { file: 'README.md', page: 'overview.md' },
    { file: 'CONTRIBUTING.md', page: 'contributing.md' },
    { file: 'examples/README.md', page: 'examples.md' },
    ...packages.map((name) => ({ file: `packages/${name}/README.md`, page: `packages/${name}.md` })),
    ...docs.map((name) => ({ file: `docs/${name}`, page: name })),
  ].filter(({ file }) => existsSync(join(root, file)))
}

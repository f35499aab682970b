// The links and pictures of a page, which are relative to its file in the repository, as the site has them.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { extname, join, posix } from 'node:path'
import { REPOSITORY, type Source } from './sources.ts'

/** What is looked up for the links of all pages. */
export interface LinkContext {
  readonly repository: string
  /** The page of each file, and of each folder that has one. */
  readonly pages: ReadonlyMap<string, string>
  /** Told of each picture that a page shows or links to. */
  readonly onPicture: (file: string) => void
}

/** Code is left alone; of a link, its text and its target. */
const CODE_OR_LINK =
  /^(`{3,}|~{3,})[\s\S]*?^\1.*$|(`+)[\s\S]*?\2|(!?)\[((?:\[[^\]]*\]\([^)]*\)|[^\]])*)\]\(([^()\s]+)\)/gm

/** The pages by their files, for {@link LinkContext}. */
export function pagesByFile(all: readonly Source[]): Map<string, string> {
  const pages = new Map(all.map(({ file, page }) => [file, page]))
  for (const { file, page } of all) {
    if (posix.basename(file) === 'README.md' && file !== 'README.md') pages.set(posix.dirname(file), page)
  }
  return pages
}

/** @throws an error that names the file and the target, when there is nothing */
export function withSiteLinks(markdown: string, file: string, context: LinkContext): string {
  return markdown.replaceAll(CODE_OR_LINK, (whole: string, ...groups: (string | undefined)[]) => {
    const [, , image = '', text, target] = groups
    if (target === undefined || text === undefined) return whole
    if (image === '!' && extname(target) === '.svg') {
      return drawing(join(context.repository, resolved(target, file)), text)
    }
    const inner = image === '!' ? text : withSiteLinks(text, file, context)
    return `${image}[${inner}](${siteTarget(target, file, context)})`
  })
}

function siteTarget(target: string, file: string, { repository, pages, onPicture }: LinkContext): string {
  if (/^[a-z]+:|^#/i.test(target)) return target
  const [path = '', anchor] = target.split('#', 2)
  const found = resolved(path, file)
  const page = pages.get(found)
  if (page !== undefined) return `/${page}${anchor === undefined ? '' : `#${anchor}`}`
  if (!existsSync(join(repository, found))) throw new Error(`${file}: the link to ${target} leads nowhere`)
  if (['.png', '.svg'].includes(extname(found))) {
    onPicture(found)
    return `/${found}`
  }
  return `${REPOSITORY}/${statSync(join(repository, found)).isDirectory() ? 'tree' : 'blob'}/main/${found}`
}

function resolved(path: string, file: string): string {
  return posix.join(posix.dirname(file), path).replace(/\/$/, '')
}

/** A drawing becomes a part of the page, so that it has the colours of the page. */
function drawing(file: string, title: string): string {
  const svg = readFileSync(file, 'utf8')
    .replace(/<style>[\s\S]*?<\/style>/, '')
    .replaceAll(/\s*\n\s*/g, ' ')
  return `<figure class="drawing" role="img" aria-label="${title.replaceAll('"', '&quot;')}">${svg.trim()}</figure>`
}

// VitePress finds dead links between pages; this finds those that lead to an anchor or a file that is not there.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'

interface BrokenLink {
  readonly page: string
  readonly link: string
}

interface LinkCheck {
  readonly pages: number
  readonly checked: number
  readonly links: readonly BrokenLink[]
}

/** Looks at every link and picture of the built pages in `folder`, which is served from `base`. */
export function brokenLinks(folder: string, base = '/'): LinkCheck {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => file.replaceAll('\\', '/'))
  const pages = new Map(
    files.filter((file) => file.endsWith('.html')).map((file) => [file, partsOf(join(folder, file))] as const),
  )
  const all = [...pages].flatMap(([page, { links }]) => links.map((link) => ({ page, link })))
  const links = all.filter(({ page, link }) => {
    const { path, anchor } = targetOf(page, link, base)
    if (path === undefined) return true
    const file = [path, `${path}.html`, posix.join(path, 'index.html')].find(
      (candidate) => pages.has(candidate) || (posix.extname(candidate) !== '' && existsSync(join(folder, candidate))),
    )
    if (file === undefined) return true
    return anchor !== '' && pages.get(file)?.anchors.has(anchor) === false
  })
  return { pages: pages.size, checked: all.length, links }
}

function partsOf(file: string): { links: string[]; anchors: Set<string> } {
  const html = readFileSync(file, 'utf8')
  const values = (attribute: RegExp) => Array.from(html.matchAll(attribute), ([, value = '']) => unescaped(value))
  return {
    links: values(/<(?:a|img)\b[^>]*?\s(?:href|src)="([^"]*)"/g).filter((link) => !/^[a-z]+:/i.test(link)),
    anchors: new Set(values(/\sid="([^"]*)"/g)),
  }
}

/** The file without its ending, from the root of the site; undefined: not in the site. */
function targetOf(page: string, link: string, base: string): { path: string | undefined; anchor: string } {
  const url = new URL(link, `http://site${base}${page}`)
  const path = decodeURIComponent(url.pathname)
  return {
    path: path.startsWith(base) ? path.slice(base.length).replace(/\/$/, '') : undefined,
    anchor: decodeURIComponent(url.hash.slice(1)),
  }
}

function unescaped(text: string): string {
  return text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&')
}

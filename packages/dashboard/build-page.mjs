// Bundles the page into src/page-assets.ts: a map of what the package serves, so that an application needs no file of
// ours at run time and users install nothing but the package. Written only when it changed, which keeps `tsc -b` quick.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const page = fileURLToPath(new URL('page/', import.meta.url))
const target = fileURLToPath(new URL('src/page-assets.ts', import.meta.url))

const { outputFiles } = await build({
  absWorkingDir: page,
  entryPoints: { app: 'main.tsx', 'app-style': 'page.css' },
  outdir: '.',
  write: false,
  bundle: true,
  minify: true,
  format: 'iife',
  target: 'es2022',
  charset: 'utf8',
  legalComments: 'none',
  // As the types are checked for `react-jsx`, but by the older call, whose code is a twentieth smaller.
  jsx: 'transform',
  jsxFactory: 'h',
  jsxFragment: 'Fragment',
  inject: ['jsx.ts'],
  tsconfigRaw: '{}',
  logLevel: 'error',
})

const built = (ending) => outputFiles.find(({ path }) => path.endsWith(ending)).text
const source = (name) => readFileSync(new URL(name, new URL('page/', import.meta.url)), 'utf8')

/** Names of custom properties are long for whoever writes the style, and said over two hundred times. */
const withShortNames = (style) => {
  const short = new Map()
  const shorten = (name) => {
    if (!short.has(name)) short.set(name, `--${short.size.toString(36)}`)
    return short.get(name)
  }
  return style.replaceAll(
    /--[a-z][a-z-]*(: )?/g,
    (found) => shorten(found.replace(': ', '')) + (found.endsWith(' ') ? ':' : ''),
  )
}

const assets = {
  'index.html': ['text/html; charset=utf-8', source('index.html')],
  'app.js': ['text/javascript; charset=utf-8', built('app.js')],
  'app.css': ['text/css; charset=utf-8', withShortNames(built('app-style.css'))],
  'favicon.svg': ['image/svg+xml', source('favicon.svg')],
}

const entries = Object.entries(assets).map(([path, [contentType, body]]) => {
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
  return `  ${JSON.stringify(path)}: ${JSON.stringify({ contentType, etag, body })},\n`
})
const text = `// Made by build-page.mjs.
import type { PageAsset } from './page-asset.ts'

export const PAGE_ASSETS: Readonly<Record<${Object.keys(assets)
  .map((path) => `'${path}'`)
  .join(' | ')}, PageAsset>> = {
${entries.join('')}}
`

if (!existsSync(target) || readFileSync(target, 'utf8') !== text) writeFileSync(target, text)

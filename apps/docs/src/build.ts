// Builds the documentation site, and fails on any link or anchor that leads nowhere: `npm run docs:site`.
import { build } from 'vitepress'
import { brokenLinks } from './broken-links.ts'
import { prepare } from './prepare.ts'
import { BASE, siteFolder } from './sources.ts'

await prepare()
await build(import.meta.dirname)
const broken = brokenLinks(siteFolder, BASE)
for (const { page, link } of broken.links) console.error(`${page}: ${link} leads nowhere`)
if (broken.links.length > 0) process.exitCode = 1
console.log(`Site: ${broken.pages} pages, ${broken.checked} links, ${broken.links.length} of them broken`)

import { defineConfig } from 'vitepress'
import { sidebar } from '../sidebar.ts'
import { slugOf } from '../slug.ts'
import { BASE, REPOSITORY } from '../sources.ts'

export default defineConfig({
  title: 'svcproxy',
  description: 'Resilient service access for Node',
  lang: 'en',
  base: BASE,
  head: [
    ['link', { rel: 'stylesheet', href: `${BASE}site.css` }],
    ['link', { rel: 'icon', type: 'image/svg+xml', href: `${BASE}favicon.svg` }],
  ],
  srcDir: '../temp/pages',
  outDir: '../temp/site',
  cacheDir: '../temp/cache',
  cleanUrls: true,
  ignoreDeadLinks: false,
  // The index of the search is a megabyte, and is loaded by those who search.
  vite: { build: { chunkSizeWarningLimit: 1_500 } },
  markdown: {
    anchor: { slugify: slugOf },
    toc: { level: [2, 3] },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
  },
  themeConfig: {
    outline: [2, 3],
    search: { provider: 'local' },
    nav: [
      { text: 'Guide', link: '/guide/first-hour', activeMatch: '^/guide/' },
      { text: 'Recipes', link: '/clients' },
      { text: 'Operations', link: '/operations/runbook', activeMatch: '^/operations/' },
      { text: 'Reference', link: '/reference/api/', activeMatch: '^/reference/' },
    ],
    sidebar: sidebar(),
    socialLinks: [{ icon: 'github', link: REPOSITORY }],
    editLink: {
      pattern: ({ frontmatter }) => `https://github.com/svcproxy/svcproxy/edit/main/${frontmatter['source']}`,
    },
  },
})

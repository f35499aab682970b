// The documentation site while it is written: `npm run docs:dev`. Pages are gathered again when one of them changes.
import { watch } from 'node:fs'
import { join } from 'node:path'
import { createServer } from 'vitepress'
import { gather } from './gather.ts'
import { prepare } from './prepare.ts'
import { root } from './sources.ts'

await prepare()
const server = await createServer(import.meta.dirname, { host: '127.0.0.1' })
await server.listen()
server.printUrls()
for (const folder of ['docs', 'examples', 'packages']) {
  watch(join(root, folder), { recursive: true }, (_event, file) => {
    if (file?.endsWith('.md') === true) gather()
  })
}

// Makes the Prisma client that the tests use, from schema.prisma, in a folder that git ignores; does nothing when it is there
// already. `npm run generate`, which also runs after an installation and before the types are checked, and vitest's set-up.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const require = createRequire(import.meta.url)
const stampFile = join(here, 'src/databases/generated/made-from')

export function setup() {
  const { version } = require('prisma/package.json')
  const stamp = `Prisma ${version}\n${readFileSync(join(here, 'schema.prisma'), 'utf8')}`
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return
  execFileSync(process.execPath, [require.resolve('prisma/build/index.js'), 'generate', '--schema', 'schema.prisma'], {
    cwd: here,
    env: {
      ...process.env,
      CHECKPOINT_DISABLE: '1', // it asks nobody whether there is a newer one
      // The engine that migrates databases would be downloaded. It is not needed to generate: any program passes for it.
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  writeFileSync(stampFile, stamp)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) setup()

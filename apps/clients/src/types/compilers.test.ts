import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const require = createRequire(import.meta.url)

/**
 * Those of users: the oldest, the last one in JavaScript, and the one that this repository is built with. Each looks for
 * modules as users do, and finds what is published, the types in `dist`; the one in the middle in one way only.
 */
const COMPILERS = [
  { name: 'typescript5.4', version: '5.4.', resolutions: ['nodenext', 'bundler'] },
  { name: 'typescript5.9', version: '5.9.', resolutions: ['bundler'] },
  { name: 'typescript', version: '7.', resolutions: ['nodenext', 'bundler'] },
] as const

/** Some twenty seconds for one on a machine that does nothing else. */
const TIMEOUT_MS = 300_000

interface Compiled {
  readonly code: number
  readonly output: string
}

function compile(compiler: string, ...args: string[]): Promise<Compiled> {
  const tsc = join(dirname(require.resolve(`${compiler}/package.json`)), 'bin/tsc')
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [tsc, ...args], (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? 1, output: stdout + stderr })
    })
  })
}

function projectOf(resolution: string): string {
  return fileURLToPath(new URL(`tsconfig.${resolution}.json`, import.meta.url))
}

describe('the calls that people make', () => {
  test('are checked against what is published', () => {
    const published = join(dirname(require.resolve('@svcproxy/core/package.json')), 'dist/index.d.ts')
    expect(existsSync(published), `${published} is made by npm run build`).toBe(true)
  })

  test.for(COMPILERS)('compile with $name', { timeout: TIMEOUT_MS }, async ({ name, version, resolutions }) => {
    expect((await compile(name, '--version')).output).toContain(`Version ${version}`)
    const compiled = await Promise.all(
      resolutions.map((resolution) => compile(name, '--project', projectOf(resolution))),
    )
    expect(compiled).toEqual(resolutions.map(() => ({ code: 0, output: '' })))
  })
})

// The application in TypeScript beside it, compiled: its endpoints, its dashboard, and the command line, by npx, in a folder
// where there is nothing.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const server = spawn(process.execPath, ['app.js'], { stdio: ['ignore', 'pipe', 'inherit'] })
const ended = once(server, 'exit')
const empty = mkdtempSync(join(tmpdir(), 'svcproxy-npx-'))
try {
  const [base] = await once(createInterface({ input: server.stdout }), 'line', { signal: AbortSignal.timeout(20_000) })
  const greeting = await fetch(`${base}/greet/Ada`)
  assert.deepEqual([greeting.status, await greeting.json()], [200, { text: 'Hello, Ada' }])
  const failure = await fetch(`${base}/greet/nobody`)
  assert.equal(failure.status, 504)
  assert.match(failure.headers.get('content-type') ?? '', /^application\/problem\+json/)
  for (const path of ['/livez', '/readyz']) assert.equal((await fetch(base + path)).status, 200, path)
  const page = await fetch(`${base}/ops/services/`)
  assert.equal(page.status, 200)
  assert.match(await page.text(), /app\.js/)
  const status = await commandLine('status', `${base}/ops/services`)
  assert.equal(status.code, 0, status.output)
  assert.match(status.output, /greeter/)
  assert.equal((await commandLine('status', 'http://127.0.0.1:9/')).code, 2)
} finally {
  server.kill('SIGTERM')
  assert.deepEqual(await ended, [0, null])
  rmSync(empty, { recursive: true, force: true })
}
console.log('served, seen from the command line, ended')

async function commandLine(...args) {
  const child = spawn('npx', ['--yes', '@svcproxy/cli', ...args], { cwd: empty, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  const [code] = await once(child, 'close')
  return { code, output }
}

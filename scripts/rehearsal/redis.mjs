// A private redis-server, if the machine has one.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { freePort } from './registry.mjs'

/** Undefined: it is not installed (`apt-get install redis-server`). @param {string} folder */
export async function startRedis(folder) {
  mkdirSync(folder, { recursive: true })
  const port = await freePort()
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder]
  const server = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const isThere = await new Promise((resolve) => {
    server.on('error', () => resolve(false))
    server.stdout.on('data', (chunk) => String(chunk).includes('Ready to accept connections') && resolve(true))
  })
  if (!isThere) return undefined
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      server.kill()
      await once(server, 'exit')
    },
  }
}

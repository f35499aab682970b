// The Redis of REDIS_URL, or one of its own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'

export async function startRedis() {
  if (process.env.REDIS_URL !== undefined) return { url: process.env.REDIS_URL, stop: async () => {} }
  const port = await freePort()
  const server = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', ''])
  process.once('exit', () => server.kill()) // a run that is cut short leaves nothing behind
  const exited = once(server, 'close')
  await new Promise<void>((resolve, reject) => {
    const missing = 'These tests need redis-server (apt-get install redis-server, brew install redis), or REDIS_URL.'
    server.on('error', (cause) => reject(new Error(missing, { cause })))
    server.stdout.on('data', (chunk) => String(chunk).includes('Ready to accept connections') && resolve())
    server.on('exit', (code) => reject(new Error(`redis-server ended with ${code}.`)))
  })
  const stop = async () => {
    server.kill()
    await exited
  }
  return { url: `redis://127.0.0.1:${port}`, stop }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

import { fork } from 'node:child_process'
import { once } from 'node:events'

/** Starts a process of the shop. */
export async function startMember(environment: Record<string, string>) {
  const entry = new URL('./member.ts', import.meta.url)
  const child = fork(entry, { env: { ...process.env, ...environment }, execArgv: [] })
  const exited = once(child, 'exit')
  const [url] = await Promise.race([
    once(child, 'message'),
    exited.then(([code]) => Promise.reject(new Error(`The process ended with ${code}`))),
  ])
  const stop = async () => {
    child.kill('SIGTERM')
    await exited
  }
  return { url: String(url), stop }
}

// Runs commands without holding up others.
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { delimiter, join } from 'node:path'
import { root } from '../workspace.mjs'

/**
 * Runs a tool of this repository by name, or any other command.
 * @param {string} name
 * @param {string[]} args
 * @param {{ cwd: string, env?: NodeJS.ProcessEnv }} options
 * @returns {Promise<{ ok: boolean, output: string }>}
 */
export function command(name, args, { cwd, env }) {
  return new Promise((resolve) => {
    const PATH = join(root, 'node_modules/.bin') + delimiter + process.env.PATH
    const child = spawn(name, args, {
      cwd,
      env: { ...process.env, PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
    child.on('error', (error) => resolve({ ok: false, output: String(error) }))
    child.on('close', (code) => resolve({ ok: code === 0, output }))
  })
}

/** Like {@link command}; rejects with what it printed when it fails. @type {(...args: Parameters<typeof command>) => Promise<string>} */
export async function must(name, args, options) {
  const { ok, output } = await command(name, args, options)
  if (!ok) throw new Error(`${name} ${args.join(' ')} failed\n${output}`)
  return output
}

/**
 * As many at a time as there are processors.
 * @template T
 * @param {T[]} items
 * @param {(item: T) => Promise<void>} work
 */
export async function forEach(items, work) {
  const left = [...items]
  const worker = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: availableParallelism() }, worker))
}

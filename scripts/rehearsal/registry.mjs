// A private registry on the loopback interface, in a folder of its own. It knows @svcproxy/* alone; everything else comes
// from the registry that npm is set up with.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'

const READY_TIMEOUT_MS = 30_000

/** @param {string} folder is created, and is all that the registry writes to */
export async function startRegistry(folder) {
  mkdirSync(folder, { recursive: true })
  const url = `http://127.0.0.1:${await freePort()}/`
  const config = join(folder, 'config.yaml')
  writeFileSync(
    config,
    // What is JSON is YAML, too.
    JSON.stringify({
      storage: join(folder, 'storage'),
      uplinks: {},
      packages: { '@svcproxy/*': { access: '$all', publish: '$all' } },
      web: { enable: false },
      max_body_size: '10mb',
      log: { type: 'stdout', format: 'json', level: 'warn' },
    }),
  )
  const require = createRequire(import.meta.url)
  const bin = join(dirname(require.resolve('verdaccio/package.json')), 'bin/verdaccio')
  const server = spawn(process.execPath, [bin, '--config', config, '--listen', url], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  server.stderr.on('data', (chunk) => (said += chunk))
  const ended = once(server, 'exit')
  const failed = ended.then(() => Promise.reject(new Error(`The registry did not start.\n${said}`)))
  await Promise.race([untilItAnswers(url), failed])
  // The token is any: everybody may publish here, but npm does not send a package without one.
  const npmrc = join(folder, 'npmrc')
  writeFileSync(npmrc, `@svcproxy:registry=${url}\n${url.replace('http:', '')}:_authToken=rehearsal\n`)
  return {
    /** Has npm, pnpm and changesets use the registry for what is ours. */
    env: { NPM_CONFIG_USERCONFIG: npmrc, npm_config_userconfig: npmrc },
    /** `name@version` of all that was published, sorted. */
    published: () => tarballsIn(join(folder, 'storage/@svcproxy')),
    async stop() {
      server.kill()
      await ended
    },
  }
}

function tarballsIn(storage) {
  if (!existsSync(storage)) return []
  return readdirSync(storage)
    .flatMap((name) =>
      readdirSync(join(storage, name))
        .filter((file) => file.endsWith('.tgz'))
        .map((file) => `@svcproxy/${name}@${file.slice(name.length + 1, -'.tgz'.length)}`),
    )
    .toSorted()
}

async function untilItAnswers(url) {
  const endsAt = Date.now() + READY_TIMEOUT_MS
  while (Date.now() < endsAt) {
    const answer = await fetch(`${url}-/ping`).catch(() => undefined)
    if (answer?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`The registry did not answer within ${READY_TIMEOUT_MS / 1_000} s.`)
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' ? address?.port : undefined
}

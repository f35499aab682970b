// Who installs what: each package alone, and what the documentation puts together.

const core = '@svcproxy/core'
const native = '@svcproxy/breaker-native'
const byOpossum = '@svcproxy/breaker-opossum'

/** Frameworks that bring no types; and what the other entry of testing needs. */
const TYPES_OF = {
  '@svcproxy/express': ['@types/express@5'],
  '@svcproxy/koa': ['@types/koa@3'],
  '@svcproxy/testing': ['@svcproxy/fleet'],
}

/**
 * An empty folder in which a user installs something and tries it.
 * @typedef {object} Consumer
 * @property {string} name
 * @property {string[]} packages of this repository
 * @property {string[]} [others] from the public registry, with their ranges
 * @property {'npm' | 'pnpm'} [installer] npm unless it says otherwise
 * @property {string} [app] of `apps`, in TypeScript, which is compiled
 * @property {string[]} [absent] what nobody asked for and must not be there
 * @property {string[][]} [tries] scripts of `apps` with their arguments, which must end with 0
 * @property {boolean} [onEveryNode] tried on every Node that is supported, not on one alone
 */

/** @param {string[]} packages all that are published */
export function alone(packages) {
  return packages.map((name) => ({
    name: `${name.replace('@svcproxy/', '')} alone`,
    packages: [name],
    others: TYPES_OF[name] ?? [],
    onEveryNode: true,
  }))
}

/**
 * @param {string | undefined} redisUrl undefined: there is no Redis
 * @returns {Consumer[]}
 */
export function combinations(redisUrl) {
  const server = (framework, version, library, others = []) => ({
    packages: [core, `@svcproxy/${framework}`, library === 'native' ? native : byOpossum],
    others: [`${framework}@${version}`, ...typesOf(framework, version), ...others],
    tries: [['serve.mjs', framework, library]],
  })
  return [
    withoutBreaker(),
    { name: 'express 4, native', ...server('express', '4', 'native') },
    { name: 'express 5, native', ...server('express', '5', 'native'), onEveryNode: true },
    { name: 'koa 2, native', ...server('koa', '2', 'native') },
    { name: 'koa 3, native', ...server('koa', '3', 'native'), onEveryNode: true },
    { name: 'fastify 5, native', ...server('fastify', '5', 'native'), onEveryNode: true },
    { name: 'express 5, opossum 8.5', ...server('express', '5', 'opossum', ['opossum@8.5']) },
    { name: 'express 5, opossum 9', ...server('express', '5', 'opossum', ['opossum@9']) },
    { name: 'koa 3, opossum 10', ...server('koa', '3', 'opossum', ['opossum@10']) },
    { name: 'express 5, pnpm', ...server('express', '5', 'opossum', ['opossum@10']), installer: 'pnpm' },
    { name: 'koa 3, pnpm', ...server('koa', '3', 'native'), installer: 'pnpm' },
    ...(redisUrl === undefined ? [] : [fleetOn(redisUrl)]),
  ]
}

/** Fastify brings its own. */
function typesOf(framework, version) {
  return framework === 'fastify' ? [] : [`@types/${framework}@${version}`]
}

/** What the README begins with: no circuit, but a dashboard, and the command line beside it. */
function withoutBreaker() {
  return {
    name: 'express 5, dashboard',
    packages: [core, '@svcproxy/express', '@svcproxy/dashboard'],
    others: ['express@5', '@types/express@5'],
    absent: ['opossum', 'koa', 'preact', byOpossum, native, '@svcproxy/koa'],
    app: 'app.ts',
    tries: [['circuit-without-breaker.mjs'], ['operate.mjs']],
    onEveryNode: true,
  }
}

/** @param {string} redisUrl */
function fleetOn(redisUrl) {
  return {
    name: 'fleet, Redis',
    packages: [core, native, '@svcproxy/fleet', '@svcproxy/redis'],
    others: ['@redis/client@6'],
    tries: [['fleet.mjs', redisUrl]],
  }
}

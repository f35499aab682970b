/** The frameworks that the bindings are for. */
export const FRAMEWORKS = ['express', 'koa', 'fastify'] as const

/** One of {@link FRAMEWORKS}. */
export type Framework = (typeof FRAMEWORKS)[number]

/** What stands between a handler and its service: nothing, this library with either breaker, or the same made by hand. */
export const HTTP_VARIANTS = ['bare', 'svcproxy native', 'svcproxy opossum', 'by hand'] as const

/** One of {@link HTTP_VARIANTS}. */
export type HttpVariant = (typeof HTTP_VARIANTS)[number]

/** The path that every application answers, up to the id. */
export const ENTITIES_PATH = '/entities/'

/** What the server is called, in place of a framework, that has many services and the dashboard. */
export const OPERATED = 'operated'

/** The path on which it calls one of its services, and the next one at the next request. */
export const NEXT_SERVICE_PATH = '/next'

/** Where its dashboard is. */
export const DASHBOARD_PATH = '/ops/services'

/** How many watch the dashboard when somebody does. */
export const VIEWERS = 50

/**
 * What the viewers look at: nothing, a process of its own whose requests nobody counts, or the one under load. They are
 * other people's machines; here they are not, and what they cost this one is in the second as well as in the third.
 */
export const WATCHED = ['nothing', 'another process', 'this process'] as const
/** One of {@link WATCHED}. */
export type Watched = (typeof WATCHED)[number]

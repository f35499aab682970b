import type { ExtendableContext } from 'koa'

/** The context of a Koa application with any state. */
export type KoaContext = ExtendableContext & { state: object }

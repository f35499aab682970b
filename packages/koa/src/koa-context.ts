import type { ExtendableContext } from 'koa'

/** Every Koa context, whatever its state. */
export type KoaContext = ExtendableContext & { state: object }

export { bindServices, type BindOptions, type KoaServices, type StateOf } from './bind-services.ts'
export type { KoaContext } from './koa-context.ts'

export { bindServices, type BindOptions, type FastifyServices, type ServicesOf } from './bind-services.ts'
export type { BoundReply, BoundRequest, ClosableApp, PluginOptions } from './framework.ts'

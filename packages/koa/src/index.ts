export { bindServices, type KoaContext, type KoaServices, type StateOf } from './bind-services.ts'

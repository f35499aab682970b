export { bindServices, type BindOptions, type ExpressServices, type ServicesOf } from './bind-services.ts'

export { bindServices, type BindOptions, type ServicesOf, type TemplateServices } from './bind-services.ts'
export type { TemplateHandler, TemplateNext, TemplateRequest, TemplateResponse } from './framework.ts'

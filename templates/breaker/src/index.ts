export { TemplateCircuit, type TemplateCounts, type TemplateEvents } from './library.ts'
export { templateBreaker, type TemplateBreakerFactory } from './template-breaker.ts'

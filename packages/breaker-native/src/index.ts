export { nativeBreaker } from './native-breaker.ts'

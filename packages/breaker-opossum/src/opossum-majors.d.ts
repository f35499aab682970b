// The older majors of opossum that the tests run on: the same library, without its own types.
declare module 'opossum8' {
  import CircuitBreaker from 'opossum'
  export { CircuitBreaker as default }
}
declare module 'opossum9' {
  import CircuitBreaker from 'opossum'
  export { CircuitBreaker as default }
}

// The older majors of opossum that the tests run on: the same library, without types of their own.
declare module 'opossum8' {
  import CircuitBreaker from 'opossum'
  export { CircuitBreaker as default }
}
declare module 'opossum9' {
  import CircuitBreaker from 'opossum'
  export { CircuitBreaker as default }
}

// Koa 2 under an alias, for the contract tests, which use it with the types of Koa 3.
declare module 'koa2' {
  import Koa from 'koa'

  export { Koa as default }
}

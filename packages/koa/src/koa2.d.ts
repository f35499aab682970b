// Koa 2 under its alias, for the contract; what the contract uses of it is typed as Koa 3 is.
declare module 'koa2' {
  import Koa from 'koa'

  export { Koa as default }
}

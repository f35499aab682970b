// Express 4 under an alias, for the contract tests, which use it with the types of Express 5.
declare module 'express4' {
  import express from 'express'

  export { express as default }
}

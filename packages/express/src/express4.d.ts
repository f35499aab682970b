// Express 4 under its alias, for the contract; what the contract uses of it is typed as Express 5 is.
declare module 'express4' {
  import express from 'express'

  export { express as default }
}

// `npm run soak` plays outage after outage; arguments go to the soak: `npm run soak -- --help`.
import { runApp } from './run-app.mjs'

runApp('soak', process.argv.slice(2))

// `npm run bench:fleet` measures fleets over a Redis of their own; arguments go to it: `npm run bench:fleet -- --help`.
import { runApp } from './run-app.mjs'

runApp('fleet-bench', process.argv.slice(2))

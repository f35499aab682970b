// `npm run bench` measures svcproxy beside its peers; arguments go to the benchmark: `npm run bench -- --help`.
import { runApp } from './run-app.mjs'

runApp('bench', process.argv.slice(2))

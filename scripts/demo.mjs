// `npm run demo` shows the Express demo, `npm run demo -- --koa` the Koa one; further arguments, as
// `--fleet 4` for four processes over a Redis, go to the demo.
import { runApp } from './run-app.mjs'

const args = process.argv.slice(2)
const app = args.includes('--koa') ? 'demo-koa' : 'demo-express'
runApp(
  app,
  args.filter((arg) => arg !== '--koa' && arg !== '--express'),
)

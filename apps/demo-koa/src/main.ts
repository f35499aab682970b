import { runDemo } from '@svcproxy/demo-services'
import { createApp } from './app.ts'

process.exitCode = await runDemo({
  framework: 'Koa 3',
  createListener: (context) => createApp(context).callback(),
})

import { runDemo } from '@svcproxy/demo-services'
import { createApp } from './app.ts'

process.exitCode = await runDemo({ framework: 'Express 5', createListener: createApp })

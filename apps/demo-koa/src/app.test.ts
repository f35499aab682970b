import { appContract } from '@svcproxy/demo-services/app-contract'
import { createApp } from './app.ts'

appContract({ framework: 'Koa 3', createListener: (context) => createApp(context).callback() })

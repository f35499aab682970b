import { appContract } from '@svcproxy/demo-services/app-contract'
import { createApp } from './app.ts'

appContract({ framework: 'Express 5', createListener: createApp })

import { createApp as createExpressApp } from '@svcproxy/demo-express'
import { createApp as createKoaApp } from '@svcproxy/demo-koa'
import type { DemoApp } from '@svcproxy/demo-services'

/** Both demos. */
export const DEMOS: readonly DemoApp[] = [
  { framework: 'Express', createListener: createExpressApp },
  {
    framework: 'Koa',
    createListener: (context) => {
      const answer = createKoaApp(context).callback()
      return (req, res) => void answer(req, res)
    },
  },
]

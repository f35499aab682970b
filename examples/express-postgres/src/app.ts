import { nativeBreaker } from '@svcproxy/breaker-native'
import { postgresFailure, ServiceProxyManager } from '@svcproxy/core'
import { bindServices } from '@svcproxy/express'
import express, { type NextFunction, type Request, type Response } from 'express'
import { DatabaseError } from 'pg'
import { lastKnownProducts, productsProvider } from './products.ts'

export function createApp(databaseUrl: string) {
  const manager = new ServiceProxyManager({ breaker: nativeBreaker() }).add('products', {
    provider: productsProvider(databaseUrl),
    timeoutMs: 1_000, // then the caller is answered, and the statement is cancelled
    fallback: lastKnownProducts,
    circuit: {
      isFailure: postgresFailure, // a violated constraint is an answer, a refused connection is a failure
      failureThreshold: 3,
      recoveryTimeoutMs: 1_000, // short, so that you can watch it; 30 s if you leave it out
      successThreshold: 1,
    },
  })
  const services = bindServices(manager)
  const app = express()
  app.use(services.health()) // /livez /readyz /healthz
  app.use(services.middleware())
  app.use(express.json())

  app.get('/products', async (req, res) => {
    res.json(await services.from(req).products.list())
  })

  app.post('/products', async (req, res) => {
    const { name, cents }: Record<string, unknown> = req.body ?? {}
    if (typeof name !== 'string' || typeof cents !== 'number') {
      res.status(400).json({ title: 'A product has a name and a price in cents' })
      return
    }
    res.status(201).json(await services.from(req).products.add(name, cents))
  })

  app.use(services.errorHandler()) // 503 with Retry-After while the circuit is open, 504 at the deadline
  app.use(constraintHandler)
  return { app, manager, services }
}

/** Errors of PostgreSQL arrive here as they are. Class 23 says that a constraint is violated. */
function constraintHandler(error: unknown, _req: Request, res: Response, next: NextFunction): void {
  if (error instanceof DatabaseError && error.code?.startsWith('23') === true) {
    res.status(409).json({ title: 'The product is refused', constraint: error.constraint })
  } else {
    next(error)
  }
}

// Plain JavaScript, so that no type stops it before the runtime error does.
import { ServiceProxyManager, factoryProvider } from '@svcproxy/core'

try {
  new ServiceProxyManager().add('greeter', {
    provider: factoryProvider('greeter', { create: () => ({}) }),
    circuit: { failureThreshold: 3 },
  })
  console.log('nothing was thrown')
  process.exitCode = 1
} catch (error) {
  console.log(error.message)
  if (
    !error.message.includes('@svcproxy/breaker-opossum') ||
    !/\bopossum\b/.test(error.message.replace('breaker-opossum', ''))
  ) {
    process.exitCode = 1
  }
}

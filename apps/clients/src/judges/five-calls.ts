import { nativeBreaker } from '@svcproxy/breaker-native'
import { createServiceProxy, factoryProvider, type CircuitPolicy } from '@svcproxy/core'

/** A client, and a call of it. */
export interface Caller<T> {
  readonly connect: (url: string) => T
  readonly call: (client: T) => PromiseLike<unknown>
  readonly disconnect: (client: T) => unknown
}

/** What is left of a circuit with the default policy and this judge, when five calls in a row were rejected by the client. */
export async function circuitAfterFiveCalls<T extends object>(
  { connect, call, disconnect }: Caller<T>,
  url: string,
  isFailure: NonNullable<CircuitPolicy['isFailure']> = () => true,
): Promise<string> {
  await using proxy = createServiceProxy<T>({
    name: 'client',
    provider: factoryProvider<T>('client', {
      create: () => connect(url),
      dispose: async (client) => void (await disconnect(client)),
    }),
    breaker: nativeBreaker(),
    circuit: { isFailure },
  })
  const answers: unknown[] = []
  for (let count = 0; count < 5; count++) answers.push(await proxy.call(call).catch((error: unknown) => error))
  const unexpected = answers.find((answer) => !(answer instanceof Error) || 'serviceName' in answer)
  if (unexpected !== undefined) throw new Error('The client itself did not reject', { cause: unexpected })
  return proxy.circuitState
}

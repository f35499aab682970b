import { nativeBreaker } from '@svcproxy/breaker-native'
import { CircuitOpenError, createServiceProxy, factoryProvider, ServiceUnavailableError } from '@svcproxy/core'
import mongoose, { type Connection, Schema } from 'mongoose'

import { expect, test, vi } from 'vitest'
import { OPENS_AT_SECOND_FAILURE } from './circuit.ts'
import { freePort } from '@svcproxy/demo-services'
import { stopsWithTheTest } from './stops-with-the-test.ts'

// There is no MongoDB here: what is shown is what the facade refuses, and what becomes of a server that is not there.

// Without buffering a command that has no connection fails at once; else it would wait for one for 10 s.
const userSchema = new Schema({ email: { type: String, required: true } }, { bufferCommands: false })

function models(connection: Connection) {
  return { connection, users: connection.model('User', userSchema) }
}

function guardedModels(connect: () => Promise<Connection>) {
  const provider = factoryProvider('mongo', {
    create: async () => models(await connect()),
    dispose: ({ connection }) => connection.close(),
  })
  const options = { breaker: nativeBreaker(), timeoutMs: 500, circuit: OPENS_AT_SECOND_FAILURE }
  return stopsWithTheTest(createServiceProxy({ name: 'mongo', provider, ...options }))
}

const withoutServer = async () => mongoose.createConnection()

test('a query is a builder: it is refused, not run, and so is whoever goes on to finish it', async () => {
  const proxy = guardedModels(withoutServer)
  const mongo = proxy.service
  await proxy.get()
  const why = (what: string) =>
    `'${what}' of service 'mongo' returned a builder, which was not run; begin and finish it inside one call: proxy.call((service) => …)`
  await expect(async () => mongo.users.find()).rejects.toThrow(why('users.find'))
  await expect(async () => mongo.users.find().lean()).rejects.toThrow(why('users.find'))
  await expect(async () => mongo.users.deleteMany()).rejects.toThrow(why('users.deleteMany'))
  await expect(async () => mongo.users.deleteMany().where({ email: 'x' })).rejects.toThrow(why('users.deleteMany'))
  expect(proxy.getMetrics()).toMatchObject({ failedRequests: 0, rejectedRequests: 4 })
})

test('a whole query in proxy.call reaches the connection, and so does a method that returns a promise', async () => {
  const proxy = guardedModels(withoutServer)
  const without = /initial connection is complete/
  await expect(proxy.call(({ users }) => users.find().lean())).rejects.toThrow(without)
  await expect(proxy.service.users.create({ email: 'ann@example.org' })).rejects.toThrow(without)
})

test('a document that is not valid is told to its caller', async () => {
  const proxy = guardedModels(withoutServer)
  await expect(proxy.service.users.create({})).rejects.toThrow('Path `email` is required')
})

test('a server that is not there opens the circuit; then calls are refused, or answered by their fallback', async () => {
  const url = `mongodb://127.0.0.1:${await freePort()}/test`
  const proxy = guardedModels(() => mongoose.createConnection(url, { serverSelectionTimeoutMS: 50 }).asPromise())
  const emails = ({ users }: ReturnType<typeof models>) => users.find().distinct('email')
  await expect(proxy.call(emails)).rejects.toThrow(ServiceUnavailableError)
  await vi.waitFor(() => expect(proxy.call(emails)).rejects.toThrow(CircuitOpenError)) // there is a pause between two loads
  expect(await proxy.call(emails, { fallback: () => [] })).toEqual([])
})

import { expect, test } from 'vitest'
import { ACTION_TEXT, actionsFor } from './actions.ts'
import { requestFor } from './api.ts'
import { circuitIn, serviceView } from './sample-service.ts'

test('a service can be isolated, and what an operator holds can be released', () => {
  expect(actionsFor(serviceView({}))).toEqual(['health-check', 'invalidate', 'reset', 'isolate'])
  const held = serviceView({ circuit: circuitIn('isolated', true) })
  expect(actionsFor(held)).toEqual(['health-check', 'invalidate', 'release'])
})

test('what the application isolated is not offered for release', () => {
  expect(actionsFor(serviceView({ circuit: circuitIn('isolated') }))).toEqual(['health-check', 'invalidate'])
})

test('without a circuit there is nothing to reset or isolate, and a stopped service has no actions', () => {
  expect(actionsFor(serviceView({ circuit: null }))).toEqual(['health-check', 'invalidate'])
  expect(actionsFor(serviceView({ stopped: true }))).toEqual([])
})

test.each([
  ['invalidate', { path: 'api/services/a%2Fb/cache', content: { action: 'invalidate' } }],
  ['expire', { path: 'api/services/a%2Fb/cache', content: { action: 'expire' } }],
  ['reset', { path: 'api/services/a%2Fb/circuit', content: { action: 'reset' } }],
  ['isolate', { path: 'api/services/a%2Fb/circuit', content: { action: 'isolate' } }],
  ['release', { path: 'api/services/a%2Fb/circuit', content: { action: 'release' } }],
  ['health-check', { path: 'api/services/a%2Fb/health-check', content: {} }],
  ['invalidate-all', { path: 'api/cache/invalidate-all', content: {} }],
  ['reset-all', { path: 'api/circuits/reset-all', content: {} }],
] as const)('%s goes to an address relative to the page', (action, request) => {
  expect(requestFor(action, 'a/b')).toEqual(request)
})

test.each(['invalidate', 'reset', 'isolate', 'release', 'health-check'] as const)(
  'the question before %s, and what is said after it, name the service',
  (action) => {
    expect(ACTION_TEXT[action].question('fleet')).toContain('fleet')
    expect(ACTION_TEXT[action].done('fleet')).toContain('fleet')
  },
)

import { expect, test } from 'vitest'
import { ACTION_TEXT, actionsFor, confirmLabel, fleetFor, outcomeWords } from './actions.ts'
import { requestFor } from './api.ts'
import { circuitIn, fleetOf, memberOf, serviceView } from './sample-service.ts'

const four = fleetOf(['web-1', 'web-2', 'web-3', 'web-4'].map((label) => memberOf(label)))

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
] as const)('%s goes to an address relative to the page', (action, request) => {
  expect(requestFor({ action, service: 'a/b', scope: 'process' })).toEqual(request)
})

test.each([
  ['invalidate-all', 'process', { path: 'api/cache/invalidate-all', content: {} }],
  ['reset-all', 'process', { path: 'api/circuits/reset-all', content: {} }],
  ['invalidate-all', 'fleet', { path: 'api/cache/invalidate-all', content: { scope: 'fleet' } }],
] as const)('%s of all services, for the %s, has an address of its own', (action, scope, request) => {
  expect(requestFor({ action, service: null, scope })).toEqual(request)
})

test('an invalidation in the fleet says so', () => {
  const { content } = requestFor({ action: 'invalidate', service: 'desk', scope: 'fleet' })
  expect(content).toEqual({ action: 'invalidate', scope: 'fleet' })
})

test('only an invalidation can be done in a fleet, and only in one that the process has not left', () => {
  const choices = Object.keys(ACTION_TEXT).filter((action) => fleetFor(action as 'reset', four) !== null)
  expect(choices).toEqual(['invalidate', 'invalidate-all'])
  expect(fleetFor('invalidate', { ...four, state: 'degraded' })).not.toBeNull()
  expect(fleetFor('invalidate', { ...four, state: 'left' })).toBeNull()
  expect(fleetFor('invalidate', null)).toBeNull()
})

test('the button says where, if there is a choice', () => {
  expect(confirmLabel('invalidate', 'process', null)).toBe('Invalidate cache')
  expect(confirmLabel('invalidate', 'process', four)).toBe('Invalidate in this process')
  expect(confirmLabel('invalidate-all', 'fleet', four)).toBe('Invalidate in 4 processes')
  expect(confirmLabel('invalidate', 'fleet', fleetOf([]))).toBe('Invalidate in the fleet')
})

test('what came of an invalidation says whether the others know', () => {
  const words = (scope: 'process' | 'fleet', fleet?: 'sent' | 'queued') =>
    outcomeWords({ action: 'invalidate', service: 'desk', scope }, { done: true, ...(fleet && { fleet }) }, four).words
  expect(words('process')).toBe('The cache of desk is empty.')
  expect(words('fleet', 'sent')).toBe('The cache of desk is empty. 4 processes were told.')
  expect(words('fleet', 'queued')).toMatch(/^The cache of desk is empty. Queued: the others are told when the store/)
})

test('what was not done says why, and an unhealthy service is bad news', () => {
  const deed = { action: 'health-check', service: 'desk', scope: 'process' } as const
  expect(outcomeWords(deed, { done: true, healthy: true }, null)).toEqual({ good: true, words: 'desk is healthy.' })
  expect(outcomeWords(deed, { done: true, healthy: false }, null)).toEqual({ good: false, words: 'desk is unhealthy.' })
  const refused = outcomeWords({ ...deed, action: 'reset-all', service: null }, { done: false, reason: 'No.' }, null)
  expect(refused).toEqual({ good: false, words: 'Reset all circuits, all services: No.' })
})

test.each(['invalidate', 'reset', 'isolate', 'release', 'health-check'] as const)(
  'the question before %s, and what is said after it, name the service',
  (action) => {
    expect(ACTION_TEXT[action].question('fleet')).toContain('fleet')
    expect(ACTION_TEXT[action].done('fleet')).toContain('fleet')
  },
)

import { describe, expect, test } from 'vitest'
import {
  CapacityError,
  CircuitOpenError,
  InvalidOptionError,
  ServiceUnavailableError,
  StoppedError,
} from '../errors.ts'
import { outcomeOf } from './outcome.ts'

describe('what the end of an attempt says about the service', () => {
  const always = () => true

  test('success and timeout speak for themselves; abort and refusal say nothing', () => {
    expect(outcomeOf('fulfilled', undefined, always)).toBe('success')
    expect(outcomeOf('timeout', undefined, always)).toBe('failure')
    expect(outcomeOf('aborted', undefined, always)).toBe('ignored')
    expect(outcomeOf('refused', undefined, always)).toBe('ignored')
    expect(outcomeOf('rejected', new Error('failed'), always)).toBe('failure')
  })

  test('an error of a proxy that refused to try says nothing', () => {
    for (const error of [
      new CircuitOpenError('a'),
      new CapacityError('a', 'full'),
      new StoppedError('a'),
      new InvalidOptionError('methods', 'an object', 1),
    ]) {
      expect(outcomeOf('rejected', error, always)).toBe('ignored')
    }
  })

  test('isFailure must say false for an error not to count; when it throws, the error counts', () => {
    const seen: unknown[] = []
    const saying = (answer: unknown) => (error: unknown) => {
      seen.push(error)
      return answer as boolean
    }
    expect(outcomeOf('rejected', 'error', saying(false)), 'the service answered').toBe('success')
    expect(outcomeOf('rejected', 'error', saying(undefined))).toBe('failure')
    expect(outcomeOf('timeout', 'timeout', saying(false)), 'a timeout is not asked about').toBe('failure')
    expect(seen).toEqual(['error', 'error'])
    const unavailable = new ServiceUnavailableError('a', 'its provider failed')
    expect(outcomeOf('rejected', unavailable, saying(false)), 'no answer of the service').toBe('ignored')
    const throwing = () => {
      throw new Error('a bug')
    }
    expect(outcomeOf('rejected', 'error', throwing)).toBe('failure')
  })
})

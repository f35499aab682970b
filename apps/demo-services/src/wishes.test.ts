import { expect, test, vi } from 'vitest'
import { readWishes } from './wishes.ts'

const PLAIN = { databaseUrl: undefined, port: 0, fleetSize: undefined, serveOnly: false, traces: false }

test('nothing asked for: the story, in one process, at a free port', () => {
  expect(readWishes([], {})).toEqual(PLAIN)
})

test('what is asked for', () => {
  expect(readWishes(['--serve', '--traces'], { PORT: '3000', DATABASE_URL: 'postgresql://db' })).toEqual({
    ...PLAIN,
    databaseUrl: 'postgresql://db',
    port: 3_000,
    serveOnly: true,
    traces: true,
  })
  expect(readWishes(['--help'], {})).toBe('help')
})

test.each(['2', '8'])('a fleet of %s', (size) => {
  expect(readWishes(['--fleet', size], {})).toEqual({ ...PLAIN, fleetSize: Number(size) })
})

test.each([
  [['--fleet', '1'], {}, "--fleet must be a number of processes in 2 … 8, not '1'"],
  [['--fleet', '9'], {}, "not '9'"],
  [['--fleet=-3'], {}, "not '-3'"],
  [['--fleet', '4.5'], {}, "not '4.5'"],
  [['--fleet', '0x4'], {}, "not '0x4'"],
  [['--fleet', 'many'], {}, "not 'many'"],
  [['--fleet='], {}, "not ''"],
  [['--fleet'], {}, '--fleet'],
  [['--fleet', '4', '--traces'], {}, 'leave out --fleet'],
  [['--fleet', '4'], { DATABASE_URL: 'postgresql://db' }, 'unset DATABASE_URL'],
  [['--flet', '4'], {}, "Unknown option '--flet'"],
])('%j with %j is refused, and why', (args, environment, message) => {
  using error = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  expect(readWishes(args, environment)).toBe('mistaken')
  expect(error.mock.calls.flat().join('\n')).toContain(message)
})

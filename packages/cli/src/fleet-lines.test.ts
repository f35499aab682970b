import { expect, test } from 'vitest'
import type { Fleet, Member, SharedCircuit } from './fleet-answer.ts'
import { fleetLines } from './fleet-lines.ts'
import { widthOf } from './plain-text.ts'

const NOW = Date.UTC(2026, 0, 1, 3, 12, 0)
const ago = (seconds: number): string => new Date(NOW - seconds * 1_000).toISOString()
const plain = (_style: string, text: string): string => text
const SERVICES = [{ name: 'pricing' }, { name: 'desk' }, { name: 'mail' }]

function member(number: number, services: Member['services'] = {}): Member {
  return { id: `id-${number}`, label: `web-${number}`, seenAt: ago(number), services }
}

const OPEN = { state: 'open', failures: 0 } as const

function circuit(part: Partial<SharedCircuit> = {}): SharedCircuit {
  return { service: 'desk', state: 'open', retryAt: ago(-28), probe: null, ...part }
}

const WELL: Fleet = {
  namespace: 'shop',
  state: 'connected',
  since: ago(11_520),
  member: 'id-1',
  members: [member(1), member(2), member(3)],
  circuits: [],
  queuedInvalidations: 0,
  counts: { missedHints: 0, resyncs: 1 },
  lastError: null,
}

const UNWELL: Fleet = {
  ...WELL,
  members: [
    member(1, { desk: OPEN, pricing: { state: 'closed', failures: 2 } }),
    member(2, { desk: OPEN }),
    member(3, { desk: { state: 'half_open', failures: 0 }, mail: { state: 'isolated', failures: 0 } }),
  ],
  circuits: [circuit()],
}

const MANY: Fleet = {
  ...UNWELL,
  members: [...UNWELL.members, ...Array.from({ length: 17 }, (_, index) => member(index + 4, { desk: OPEN }))],
}

function rendered(fleet: Fleet, width: number): string {
  return `\n${fleetLines(fleet, SERVICES, NOW, { width, paint: plain }).join('\n')}\n`
}

test('while all is well two lines say so', () => {
  expect(rendered(WELL, 140)).toMatchInlineSnapshot(`
    "
    FLEET  shop · connected for 3h12m · 3 processes, seen within 3s · 0 queued invalidations · 0 missed hints · 1 resync
    No process reports a problem.
    "
  `)
})

test('what is unwell has a row, and each process a column', () => {
  expect(rendered(UNWELL, 140)).toMatchInlineSnapshot(`
    "
    FLEET  shop · connected for 3h12m · 3 processes, seen within 3s · 0 queued invalidations · 0 missed hints · 1 resync
    service    shared circuit        web-1 (this)  web-2        web-3
    last seen                        1s            2s           3s
    pricing    –                     ● failing 2   –            –
    desk       ○ open, probe in 28s  ○ open        ○ open       ◐ half-open
    mail       –                     –             –            ■ isolated
    "
  `)
  expect(rendered(UNWELL, 80)).toMatchInlineSnapshot(`
    "
    FLEET  shop · connected for 3h12m · 3 processes, seen within 3s
           0 queued invalidations · 0 missed hints · 1 resync
    service    shared circuit        web-1 (this)  web-2        web-3
    last seen                        1s            2s           3s
    pricing    –                     ● failing 2   –            –
    desk       ○ open, probe in 28s  ○ open        ○ open       ◐ half-open
    mail       –                     –             –            ■ isolated
    "
  `)
})

test('processes that do not fit are counted by state, and named where they are few', () => {
  expect(rendered(UNWELL, 60)).toMatchInlineSnapshot(`
    "
    FLEET  shop · connected for 3h12m
           3 processes, seen within 3s · 0 queued invalidations
           0 missed hints · 1 resync
    service    shared circuit        processes
    pricing    –                     1 failing
    desk       ○ open, probe in 28s  2 open, 1 half-open
    mail       –                     1 isolated
    "
  `)
  expect(rendered(MANY, 80)).toMatchInlineSnapshot(`
    "
    FLEET  shop · connected for 3h12m · 20 processes, seen within 20s
           0 queued invalidations · 0 missed hints · 1 resync
    service    shared circuit        processes             which
    pricing    –                     1 failing             failing: web-1 (this)
    desk       ○ open, probe in 28s  19 open, 1 half-open  half-open: web-3
    mail       –                     1 isolated            isolated: web-3
    "
  `)
  expect(rendered(MANY, 40)).toMatchInlineSnapshot(`
    "
    FLEET  shop · connected for 3h12m
           20 processes, seen within 20s
           0 queued invalidations
           0 missed hints · 1 resync
    service    processes
    pricing    1 failing
    desk       19 open, 1 half-open
    mail       1 isolated
    "
  `)
})

test('many processes are counted however wide the window is', () => {
  expect(rendered(MANY, Infinity)).toContain('19 open, 1 half-open  half-open: web-3')
  const twelve = { ...MANY, members: MANY.members.slice(0, 12) }
  expect(rendered(twelve, Infinity)).toMatch(/shared circuit +web-1 \(this\) .* web-12\n/)
})

test.each([
  [{ retryAt: ago(-28) }, '○ open, probe in 28s'],
  [{ retryAt: ago(3) }, '○ open, probe due'],
  [{ retryAt: null }, '○ open, probe due'],
  [{ probe: { member: 'id-1' } }, '◐ web-1 (this) probes'],
  [{ probe: { member: 'id-2' } }, '◐ web-2 probes'],
  [{ probe: { member: 'gone' } }, '◐ another process probes'],
  [{ state: 'closed', retryAt: null }, '● closed'],
] as const)('a shared circuit with %o is shown as: %s', (part, text) => {
  const [row] = /^desk.*$/m.exec(rendered({ ...UNWELL, circuits: [circuit(part)] }, 140)) ?? []
  expect(row?.slice(11)).toMatch(new RegExp(`^${text.replaceAll(/[()]/g, String.raw`\$&`)} {2,}○ open`))
})

test('a shared circuit that is open has a row although no process tells of it', () => {
  expect(rendered({ ...WELL, circuits: [circuit({ service: 'elsewhere' })] }, 140)).toMatch(
    /^elsewhere {2}○ open, probe in 28s {2}– {13}– {12}–$/m,
  )
})

test('a shared circuit that is closed is well', () => {
  expect(rendered({ ...WELL, circuits: [circuit({ state: 'closed', retryAt: null })] }, 140)).toContain(
    'No process reports a problem.',
  )
})

test('a process that does not hear the others says why, and shows what it last heard', () => {
  const lastError = { name: 'Error', code: 'ECONNREFUSED', message: null }
  const degraded: Fleet = { ...WELL, state: 'degraded', since: ago(65), queuedInvalidations: 3, lastError }
  expect(rendered(degraded, 140)).toMatchInlineSnapshot(`
    "
    FLEET  shop · degraded for 1m05s · 3 processes, seen within 3s · 3 queued invalidations · 0 missed hints · 1 resync
    last error of the store: ECONNREFUSED
    No process reported a problem when the fleet was last heard.
    "
  `)
  expect(rendered({ ...UNWELL, state: 'degraded', since: ago(65), lastError }, 140)).toMatch(/^desk .*○ open/m)
  expect(rendered({ ...degraded, state: 'connected' }, 140)).not.toContain('ECONNREFUSED')
})

test('a process that has not reached its fleet knows nothing of it, and one that has left does not tell of it', () => {
  const connecting: Fleet = { ...WELL, state: 'connecting', since: ago(2), members: [] }
  expect(rendered(connecting, 140)).toMatch(
    /shop · connecting for 2s · 0 processes · .*\nNothing is known about its processes/,
  )
  const left: Fleet = { ...UNWELL, state: 'left', since: ago(12) }
  expect(rendered(left, 140)).toMatch(/^\nFLEET {2}shop · left 12s ago · .*\n$/)
})

test('colours mark how the process does in its fleet, and each state', () => {
  const marked = (style: string, text: string): string => `<${style}>${text.trim()}</${style}>`
  const lines = (fleet: Fleet, width: number) => fleetLines(fleet, SERVICES, NOW, { width, paint: marked }).join('\n')
  expect(lines(UNWELL, 140)).toContain('<green>FLEET</green>')
  expect(lines({ ...UNWELL, state: 'degraded' }, 140)).toContain('<yellow>FLEET</yellow>')
  for (const cell of ['<red>○ open</red>', '<yellow>● failing 2</yellow>', '<magenta>■ isolated</magenta>']) {
    expect(lines(UNWELL, 140)).toContain(cell)
  }
  expect(lines(MANY, 80)).toContain('<red>19 open, 1 half-open</red>')
})

test('what all labels begin with is left out, up to a separator; a short beginning stays', () => {
  const labelled = (...labels: readonly string[]): Fleet => ({
    ...UNWELL,
    members: labels.map((label, index) => ({ ...member(index + 1, { desk: OPEN }), label })),
  })
  const names = (fleet: Fleet) => /^service +shared circuit +(.*)$/m.exec(rendered(fleet, 400))?.[1]?.split(/ {2,}/)
  expect(names(labelled('shop-web-7f9c-x1ab:1', 'shop-web-7f9c-x1cd:1'))).toEqual(['…x1ab:1 (this)', '…x1cd:1'])
  expect(names(labelled('web-1:4711', 'web-1:4712'))).toEqual(['…4711 (this)', '…4712'])
  expect(names(labelled('web-1', 'web-2'))).toEqual(['web-1 (this)', 'web-2'])
  expect(names(labelled('shop-web-', 'shop-web-1'))).toEqual(['shop-web- (this)', 'shop-web-1'])
  expect(names(labelled('shop-web-1'))).toEqual(['shop-web-1 (this)'])
})

test('a service that is called like something every object has is one like others', () => {
  const fleet = { ...WELL, members: [member(1), member(2, { constructor: OPEN })] }
  expect(rendered(fleet, 140)).toMatch(/^constructor {2}– {21}– {13}○ open$/m)
})

test('no line is wider than the window', () => {
  const long = { ...MANY.members[4]!, id: 'id-long', label: '接続'.repeat(32), services: { ['a'.repeat(100)]: OPEN } }
  const lastError = { name: 'Error', code: null, message: 'a'.repeat(500) }
  const fleets: Fleet[] = [
    WELL,
    UNWELL,
    { ...MANY, namespace: 'a'.repeat(64), state: 'degraded', lastError, members: [...MANY.members, long] },
    { ...UNWELL, members: [long, ...UNWELL.members], circuits: [circuit({ probe: { member: 'id-long' } })] },
  ]
  for (let width = 30; width <= 200; width++) {
    const widths = fleets.flatMap((fleet) => fleetLines(fleet, SERVICES, NOW, { width, paint: plain })).map(widthOf)
    expect(Math.max(...widths)).toBeLessThanOrEqual(width)
  }
})

test('names, labels and errors cannot control the terminal', () => {
  const evil = '\u001b[2J\u001b]0;owned\u0007\r\n\u202e'
  const fleet: Fleet = {
    ...WELL,
    namespace: evil,
    state: 'degraded',
    since: evil,
    members: [{ id: 'id-1', label: evil, seenAt: evil, services: { [evil]: OPEN } }],
    circuits: [circuit({ service: evil, retryAt: evil }), circuit({ service: 'desk', probe: { member: 'id-1' } })],
    lastError: { name: evil, code: evil, message: evil },
  }
  for (const width of [400, 100, 60]) {
    const text = fleetLines(fleet, SERVICES, NOW, { width, paint: plain }).join('')
    expect(text).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    expect(text).toContain('owned')
  }
})

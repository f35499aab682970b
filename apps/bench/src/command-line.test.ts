import { expect, test } from 'vitest'
import { PARTS } from './benchmark.ts'
import { foldersOf, parseCommandLine, usage } from './command-line.ts'
import { fullPlan, quickPlan } from './plan.ts'

const { documentation, reports } = foldersOf('/repository/apps/bench')
const parse = (...args: string[]) => parseCommandLine(args, { parts: PARTS, documentation, reports })

test('without arguments everything is measured in full, and documented', () => {
  expect(parse()).toEqual({ kind: 'run', plan: fullPlan, parts: PARTS, folder: '/repository/docs' })
})

test('a quick run measures everything, and stays away from the documentation', () => {
  expect(parse('--quick')).toEqual({ kind: 'run', plan: quickPlan, parts: PARTS, folder: reports })
})

test('parts are given together or one by one, and measured in the order of the tables', () => {
  const run = { kind: 'run', plan: fullPlan, parts: ['get', 'call', 'http'], folder: reports }
  expect(parse('--only', 'http,get', '--only', 'call')).toEqual(run)
  expect(parse('--only=call, http,get')).toEqual(run)
})

test('a report goes where it is wanted', () => {
  expect(parse('--out', '/elsewhere')).toMatchObject({ plan: fullPlan, folder: '/elsewhere' })
  expect(parse('--quick', '--out', '/elsewhere')).toMatchObject({ plan: quickPlan, folder: '/elsewhere' })
})

test('a quick or partial run is not let into the documentation', () => {
  for (const args of [['--quick'], ['--only', 'get']]) {
    expect(parse(...args, '--out', documentation)).toMatchObject({
      kind: 'wrong',
      complaint: expect.stringContaining('--out'),
    })
  }
})

test('what is not understood is named', () => {
  expect(parse('--only', 'get,gets')).toMatchObject({ kind: 'wrong', complaint: expect.stringContaining("'gets'") })
  expect(parse('--only', '')).toMatchObject({ kind: 'wrong' })
  expect(parse('--only')).toMatchObject({ kind: 'wrong', complaint: expect.stringContaining('--only') })
  expect(parse('--fast')).toMatchObject({ kind: 'wrong', complaint: expect.stringContaining('--fast') })
  expect(parse('get')).toMatchObject({ kind: 'wrong', complaint: expect.stringContaining('get') })
  expect(parse('--out', '')).toMatchObject({ kind: 'wrong', complaint: expect.stringContaining('--out') })
})

test('the help names every option and every part', () => {
  expect(parse('--help')).toEqual({ kind: 'help' })
  for (const name of ['--quick', '--only', '--out', ...PARTS]) expect(usage(PARTS)).toContain(name)
})

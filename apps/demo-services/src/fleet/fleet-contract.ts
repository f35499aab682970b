import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { stripVTControlCharacters } from 'node:util'
import { afterEach, describe, expect, onTestFailed, test, vi } from 'vitest'
import { livingOf, processFamily } from '../processes/processes.ts'
import { startFleet } from './demo-fleet.ts'
import { FleetStage } from './fleet-stage.ts'
import { installedVersion } from './redis-server.ts'
import { endFleet, tellFleetStory } from './tell-fleet-story.ts'

/** A short version of the story. */
const PACE = { rowEveryMs: 250, failingTrials: 2 }
const STORY_TIMEOUT_MS = 120_000
/** How long it may take until everything of a demo has ended, in milliseconds. */
const END_TIMEOUT_MS = 10_000

const MISSING_REDIS = missingRedis()

/** The contract of `npm run demo -- --fleet` for both applications. @param main the module that runs it */
export function fleetContract(main: URL): void {
  describe.skipIf(MISSING_REDIS !== undefined)(`a fleet ${MISSING_REDIS ?? ''}`.trim(), () => {
    test('all checks of its story pass', { timeout: STORY_TIMEOUT_MS }, async () => {
      const printed: string[] = []
      using _log = vi
        .spyOn(console, 'log')
        .mockImplementation((line = '') => printed.push(stripVTControlCharacters(String(line))))
      onTestFailed(() => console.error(printed.join('\n')))
      await using fleet = await startFleet({ entry: main.pathname, size: 3, port: 0 })
      const stage = new FleetStage(fleet, new AbortController().signal, PACE)
      await tellFleetStory(stage, 'a framework')
      const standings = await stage.standings()
      await endFleet(stage)

      const text = printed.join('\n')
      expect(stage.failedChecks).toBe(0)
      const numbers = (pattern: RegExp) => (pattern.exec(text) ?? []).slice(1).map(Number)
      const [failed = 0, alone] = numbers(/(\d+) calls failed until then; .+: (\d+)$/m)
      expect(failed).toBeGreaterThanOrEqual(5)
      expect(alone).toBe(15)
      const [trials = 0] = numbers(/(\d+) trials, at least/)
      expect(trials).toBeGreaterThanOrEqual(PACE.failingTrials)
      expect(text).toMatch(/the invalidation reaches the others after \S+ ms, \S+ ms$/m)
      expect(text).toMatch(/invalidates the flags in the fleet: queued$/m)
      expect(standings).toMatchObject(
        fleet.members.map(() => ({ circuit: 'closed', state: 'connected', members: 3, queued: 0 })),
      )
      expect(livingOf(fleet.members.map(({ pid }) => pid))).toEqual([])
    })
  })
}

/** The contract of the command, with either application. @param main the module that runs it */
export function fleetCommandContract(main: URL): void {
  describe.skipIf(MISSING_REDIS !== undefined)(`the command for a fleet ${MISSING_REDIS ?? ''}`.trim(), () => {
    const running: ChildProcess[] = []
    afterEach(() => running.splice(0).forEach((child) => child.kill('SIGKILL')))

    /** The demo as a child process, and its output. */
    function run(size: string, environment: NodeJS.ProcessEnv = {}) {
      const child = spawn(process.execPath, ['--conditions=@svcproxy/source', main.pathname, '--fleet', size], {
        env: { ...process.env, ...environment },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      running.push(child)
      const output = { text: '' }
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => (output.text += text))
      }
      return { child, output, exited: once(child, 'exit') }
    }

    test.each([
      ['SIGINT', 130],
      ['SIGKILL', null],
    ] as const)('after %s no process of it is left', { timeout: 60_000 }, async (signal, code) => {
      const { child, output, exited } = run('2')
      await vi.waitFor(() => expect(output.text).toContain('1  Everything works'), { timeout: 40_000, interval: 100 })
      const processes = familyOf(child.pid ?? 0)
      child.kill(signal)
      expect((await exited)[0]).toBe(code)
      // The demo, two members, Redis, PostgreSQL with its children, and the janitors.
      expect(processes.length).toBeGreaterThan(8)
      await vi.waitFor(() => expect(livingOf(processes)).toEqual([]), { timeout: END_TIMEOUT_MS, interval: 50 })
    })

    test('it ends when it is told to during its start', { timeout: 60_000 }, async () => {
      const { child, exited } = run('2')
      await vi.waitFor(() => expect(familyOf(child.pid ?? 0).length).toBeGreaterThan(2), { timeout: 20_000 })
      const processes = familyOf(child.pid ?? 0)
      child.kill('SIGTERM')
      expect((await exited)[0]).toBe(143)
      await vi.waitFor(() => expect(livingOf(processes)).toEqual([]), { timeout: END_TIMEOUT_MS, interval: 50 })
    })

    test('without redis-server it says how to get it', { timeout: 20_000 }, async () => {
      const { output, exited } = run('2', { PATH: '/no/such/folder' })
      expect((await exited)[0]).toBe(1)
      expect(output.text).toContain('apt-get install redis-server')
    })
  })
}

/** A process and all its descendants. */
function familyOf(pid: number): number[] {
  const [self = pid, ...children] = processFamily(pid)
  return [self, ...children.flatMap(familyOf)]
}

function missingRedis(): string | undefined {
  try {
    installedVersion()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

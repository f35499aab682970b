import { startDemo } from '@svcproxy/demo-services/running-demo'
import { describe, expect, test } from 'vitest'
import { DEMOS } from './demos.ts'
import { checkMetrics, MISSING_PROMTOOL } from './promtool.ts'

const POLICY = { failureThreshold: 3, recoveryTimeoutMs: 200, successThreshold: 2, timeoutMs: 2_000 }

describe.skipIf(MISSING_PROMTOOL !== undefined)(`what Prometheus reads ${MISSING_PROMTOOL ?? ''}`.trim(), () => {
  test.for(DEMOS)('$framework: promtool is content, and the counters are those of getAllMetrics()', async (app) => {
    await using demo = await startDemo(app, POLICY)
    const { world, server } = demo
    const ask = async (path: string, count: number) => {
      for (let asked = 0; asked < count; asked++) await (await fetch(`${server.url}${path}`)).text()
    }
    await ask('/entities', 5)
    await ask('/features/live_map', 3)
    await ask('/entities/veh-999', 2)
    await world.embedded?.kill()
    await ask('/entities/veh-001', 5)
    await ask('/entities', 3)
    await ask('/healthz', 1)

    const metrics = world.context.manager.getAllMetrics()
    const exposition = await (await fetch(`${server.url}/metrics`)).text()
    expect(checkMetrics(exposition)).toBe('')
    const told = (series: string) => Number(new RegExp(`^${series} (\\S+)$`, 'm').exec(exposition)?.[1] ?? 0)
    for (const [service, counted] of Object.entries(metrics)) {
      const labels = `service="${service}"`
      expect({
        hits: told(`svcproxy_cache_gets_total{${labels},result="hit"}`),
        misses: told(`svcproxy_cache_gets_total{${labels},result="miss"}`),
        fallbacks: told(`svcproxy_fallbacks_total{${labels}}`),
        rejected: told(`svcproxy_rejected_calls_total{${labels},reason="open"}`),
        opened: told(`svcproxy_circuit_transitions_total{${labels},to="open"}`),
        open: told(`svcproxy_circuit_state{${labels},state="open"}`),
      }).toEqual({
        hits: counted.cacheHits,
        misses: counted.cacheMisses,
        fallbacks: counted.fallbacks,
        rejected: counted.rejections.open,
        opened: counted.circuitTransitions.open,
        open: counted.circuitState === 'open' ? 1 : 0,
      })
      const calls = exposition.matchAll(new RegExp(`^svcproxy_call_duration_seconds_count{${labels},.*} (\\d+)$`, 'gm'))
      const settled = counted.successfulRequests + counted.failedRequests + counted.rejectedRequests
      expect([...calls].reduce((sum, [, count]) => sum + Number(count), 0)).toBe(settled)
    }
    expect(metrics['entityService']?.circuitTransitions.open).toBeGreaterThan(0)
  })
})

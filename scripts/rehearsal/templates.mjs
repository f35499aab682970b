// The templates of adapters, as somebody uses them outside of this repository: stamped, installed, tested.
import { KINDS, publishedRanges, stampAdapter } from '../stamp-adapter.mjs'
import { must } from './command.mjs'

export { KINDS as templates }

/**
 * @param {string} kind one of {@link templates}
 * @param {string} cwd is created
 * @param {NodeJS.ProcessEnv} env that of the registry
 * @returns {Promise<import('./try-consumer.mjs').Outcome>}
 */
export async function tryTemplate(kind, cwd, env) {
  stampAdapter({ kind, name: 'acme', packageName: `svcproxy-acme-${kind}`, folder: cwd, versions: publishedRanges() })
  try {
    await must('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline'], { cwd, env })
    const tested = await must('npm', ['test'], { cwd, env: { ...env, NO_COLOR: '1', SVCPROXY_MODEL_STEPS: '2000' } })
    const [passed = 'no tests'] = /\d+ passed(?= \(\d+\)\s+Start)/.exec(tested) ?? []
    return { ok: passed !== 'no tests', detail: `npm install, npm test: ${passed}` }
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message : String(error) }
  }
}

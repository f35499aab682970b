import { spawnSync } from 'node:child_process'

/** Undefined: it is installed. */
export const MISSING_PROMTOOL: string | undefined =
  spawnSync('promtool', ['--version']).error === undefined
    ? undefined
    : 'promtool is not installed: apt-get install --no-install-recommends prometheus'

/** What promtool has to say against an exposition; empty when it is silent and content. */
export function checkMetrics(exposition: string): string {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: exposition,
    encoding: 'utf8',
  })
  return status === 0 ? `${stdout}${stderr}` : `exit ${status}\n${stdout}${stderr}`
}

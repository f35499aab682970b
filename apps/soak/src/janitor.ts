import { spawn } from 'node:child_process'

/**
 * Cleans up after this process if it could not do so itself: when it has gone, however it went, its end of a pipe closes,
 * and then the script is run with `argument` as `$1`.
 * @returns sends the janitor home
 */
export function hireJanitor(script: string, argument: string): () => void {
  const waiting = `trap '' HUP INT TERM; read -r _; ${script}`
  const janitor = spawn('/bin/sh', ['-c', waiting, 'janitor', argument], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  janitor.on('error', () => undefined)
  janitor.unref()
  return () => void janitor.kill('SIGKILL')
}

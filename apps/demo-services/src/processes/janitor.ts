import { spawn } from 'node:child_process'

/**
 * When this process has ended, for whatever reason, its end of the pipe closes. Then the script kills what is left of
 * the server and removes its folder. The pids are in `data/postmaster.pid` and, of a frozen database, in `frozen`; that
 * of another server is in `pid`.
 */
const SCRIPT = `
  trap '' HUP INT TERM
  read -r _
  kill -KILL $(head -n 1 "$1/data/postmaster.pid" 2>/dev/null) $(cat "$1/frozen" "$1/pid" 2>/dev/null) 2>/dev/null
  rm -rf "$1"`

/**
 * Starts a janitor that cleans up after this process if it cannot do so itself. Returns the function that ends the
 * janitor.
 */
export function hireJanitor(folder: string): () => void {
  if (process.platform === 'win32') return () => undefined
  const janitor = spawn('/bin/sh', ['-c', SCRIPT, 'janitor', folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  janitor.on('error', () => undefined)
  janitor.unref()
  return () => void janitor.kill('SIGKILL')
}

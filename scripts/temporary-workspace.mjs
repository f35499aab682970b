// A copy of the workspace's anatomy for the tests of the scripts, which find the workspace beside themselves.
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { root } from './workspace.mjs'

/** `copied` are files of this repository, `written` maps further paths to their text. */
export function temporaryWorkspace({ copied, written }) {
  const directory = mkdtempSync(join(tmpdir(), 'svcproxy-scripts-'))
  for (const file of copied) cpSync(join(root, file), join(directory, file))
  for (const [file, text] of Object.entries(written)) {
    mkdirSync(dirname(join(directory, file)), { recursive: true })
    writeFileSync(join(directory, file), text)
  }
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'), 'junction')
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) }
}

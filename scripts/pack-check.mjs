// Packs each public package as it would be published and looks at the tarball, not at the working tree: what it
// contains, what its manifest promises, and whether the tools that know how others resolve it (publint, attw) agree.
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { publicPackages, readJson, report, run } from './workspace.mjs'

const temporary = mkdtempSync(join(tmpdir(), 'svcproxy-pack-'))
const problems = []
try {
  for (const entry of publicPackages) {
    const { directory, name } = entry
    const destination = join(temporary, name.replace('/', '-'))
    const packed = run('pnpm', ['pack', '--pack-destination', destination], { cwd: directory })
    if (!packed.ok) {
      problems.push(`${name}: pnpm pack failed\n${packed.output}`)
      continue
    }
    const [file] = readdirSync(destination)
    const tarball = join(destination, file)
    problems.push(...checkTarball(entry, tarball, destination))
  }
} finally {
  rmSync(temporary, { recursive: true, force: true })
}
report('Packages', problems, `${publicPackages.length} tarballs are right`)

function checkTarball(entry, tarball, destination) {
  const { name } = entry
  const found = []
  const files = run('tar', ['-tzf', tarball])
    .output.trim()
    .split('\n')
    .map((path) => path.replace(/^package\//, ''))
    .toSorted()
  for (const wanted of ['LICENSE', 'README.md', 'package.json', 'dist/index.js', 'dist/index.d.ts']) {
    if (!files.includes(wanted)) found.push(`${name}: ${wanted} is missing from the tarball.`)
  }
  const strays = files.filter((path) => !/^(LICENSE|README\.md|package\.json|dist\/.+\.(js|js\.map|d\.ts))$/.test(path))
  const tests = files.filter((path) => /\.test\./.test(path))
  for (const path of new Set([...strays, ...tests])) found.push(`${name}: ${path} does not belong into the tarball.`)

  run('tar', ['-xzf', tarball, '-C', destination])
  found.push(...checkManifest(entry, join(destination, 'package'), files))

  const publint = run('publint', [tarball, '--strict'])
  if (!publint.ok) found.push(`${name}: publint\n${publint.output}`)
  const attw = run('attw', [tarball, '--profile', 'esm-only', '--no-color', '--no-emoji'])
  if (!attw.ok) found.push(`${name}: attw\n${attw.output}`)

  const bytes = readFileSync(tarball).length
  console.log(`${name}: ${files.length} files, ${(bytes / 1024).toFixed(1)} kB packed`)
  return found
}

function checkManifest({ name, manifest: inWorkspace }, directory, files) {
  const found = []
  const manifest = readJson(join(directory, 'package.json'))
  // What only this workspace understands would break every install.
  for (const inner of ['workspace:', 'catalog:', '@svcproxy/source']) {
    if (JSON.stringify(manifest).includes(inner))
      found.push(`${name}: the published package.json still says "${inner}".`)
  }
  const promised = structuredClone(inWorkspace.exports)
  for (const target of Object.values(promised)) if (typeof target === 'object') delete target['@svcproxy/source']
  if (JSON.stringify(promised) !== JSON.stringify(manifest.exports)) {
    found.push(`${name}: publishConfig.exports must be exports without the "@svcproxy/source" conditions.`)
  }
  const targets = Object.values(manifest.exports).flatMap((target) =>
    typeof target === 'string' ? target : Object.values(target),
  )
  for (const target of targets) {
    if (!files.includes(target.replace(/^\.\//, '')))
      found.push(`${name}: exports point at ${target}, which is not packed.`)
  }
  for (const field of ['description', 'license', 'type', 'sideEffects', 'engines']) {
    if (manifest[field] === undefined) found.push(`${name}: package.json says no "${field}".`)
  }
  return found
}

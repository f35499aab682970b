// Packs each public package as it would be published and looks at the tarball, not at the working tree: what it
// contains, what its manifest promises, and whether the tools that know how others resolve it (publint, attw) agree. Then
// bundles what applications install together, and fails when that has outgrown its bound.
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { publicPackages, readJson, report, run } from './workspace.mjs'

/** All that these packages export, bundled, minified and gzipped: at most so many bytes, 5 % above what it was. */
const BUNDLES = [
  { names: ['@svcproxy/core', '@svcproxy/breaker-native'], maxBytes: 29_700 },
  { names: ['@svcproxy/core', '@svcproxy/express', '@svcproxy/breaker-native'], maxBytes: 41_400 },
]
const REPOSITORY = 'https://github.com/svcproxy/svcproxy'

const temporary = mkdtempSync(join(tmpdir(), 'svcproxy-pack-'))
const problems = []
try {
  for (const entry of publicPackages) {
    const { directory, name } = entry
    const destination = join(temporary, 'tarballs', name)
    const packed = run('pnpm', ['pack', '--pack-destination', destination], { cwd: directory })
    if (!packed.ok) {
      problems.push(`${name}: pnpm pack failed\n${packed.output}`)
      continue
    }
    const [file] = readdirSync(destination)
    const tarball = join(destination, file)
    problems.push(...checkTarball(entry, tarball, installed(name)))
  }
  for (const bundle of BUNDLES) problems.push(...(await checkSize(bundle)))
} finally {
  rmSync(temporary, { recursive: true, force: true })
}
report('Packages', problems, `${publicPackages.length} tarballs are right`)

/** Where a tarball is unpacked, so that the packages find each other. */
function installed(name) {
  return join(temporary, 'node_modules', name)
}

function checkTarball(entry, tarball, directory) {
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

  mkdirSync(directory, { recursive: true })
  run('tar', ['-xzf', tarball, '-C', directory, '--strip-components=1'])
  found.push(...checkManifest(entry, directory, files))

  const publint = run('publint', [tarball, '--strict'])
  if (!publint.ok) found.push(`${name}: publint\n${publint.output}`)
  const attw = run('attw', [tarball, '--profile', 'esm-only', '--no-color', '--no-emoji'])
  if (!attw.ok) found.push(`${name}: attw\n${attw.output}`)

  console.log(`${name}: ${files.length} files, ${kilobytes(readFileSync(tarball).length)} packed`)
  return found
}

async function checkSize({ maxBytes, names }) {
  const contents = names.map((name, index) => `export * as package${index} from '${name}'`).join('\n')
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: temporary },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    write: false,
  })
  const bytes = outputFiles.reduce((sum, file) => sum + gzipSync(file.contents, { level: 9 }).length, 0)
  const said = `${names.join(' + ')}: ${kilobytes(bytes)} bundled, minified and gzipped, at most ${kilobytes(maxBytes)}`
  console.log(said)
  return bytes <= maxBytes ? [] : [`${said}. If it has to be larger, raise the bound in scripts/pack-check.mjs.`]
}

function kilobytes(bytes) {
  return `${(bytes / 1000).toFixed(1)} kB`
}

function checkManifest({ folder, name, manifest: inWorkspace }, directory, files) {
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
  return [...found, ...checkAddresses({ folder, name }, manifest)]
}

/** npm links to these, and refuses provenance for a package whose repository is another than that of the workflow. */
function checkAddresses({ folder, name }, manifest) {
  const wanted = {
    homepage: `${REPOSITORY}/tree/main/${folder}#readme`,
    bugs: { url: `${REPOSITORY}/issues` },
    repository: { type: 'git', url: `git+${REPOSITORY}.git`, directory: folder },
  }
  return Object.entries(wanted)
    .filter(([field, value]) => JSON.stringify(manifest[field]) !== JSON.stringify(value))
    .map(([field, value]) => `${name}: "${field}" in package.json must be ${JSON.stringify(value)}.`)
}

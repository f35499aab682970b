// Writes one report of the public API of each entry point to api/, or with --check fails when a report is out of date.
// The reports are committed, so that a change of the public surface shows in a diff. Reads dist: build first.
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor'
import { publicPackages, report, root } from './workspace.mjs'

const { check } = parseArgs({ options: { check: { type: 'boolean', default: false } } }).values
const reportFolder = join(root, 'api')
const temporaryFolder = join(root, 'temp/api')
mkdirSync(reportFolder, { recursive: true })
mkdirSync(temporaryFolder, { recursive: true })

const problems = []
const expected = new Set()

/** What the types of the facade are made of. Nobody names them. */
const PARTS_OF_TYPES = [
  'AnyFunction',
  'GuardedFunction',
  'GuardedMembers',
  'IsNamespace',
  'Unoffered',
  'UnofferedBelow',
  'Value',
  'PathsIn',
  'Levels',
]

for (const { directory, manifest, name } of publicPackages) {
  for (const [subpath, target] of Object.entries(manifest.exports)) {
    if (typeof target !== 'object' || !target.types) continue
    const reportName = [name.replace('@svcproxy/', ''), ...subpath.split('/').slice(1)].join('.')
    expected.add(`${reportName}.api.md`)
    const entry = join(directory, target.types)
    if (!existsSync(entry)) {
      problems.push(`${name}: ${target.types} does not exist. Run "npm run build" first.`)
      continue
    }
    const said = []
    const result = Extractor.invoke(configFor(directory, entry, reportName), {
      localBuild: !check,
      messageCallback: (message) => {
        message.handled = true
        // The first report of an entry point: to write it is what was asked for.
        if (message.messageId === 'console-api-report-created' && !check) return
        if (!['warning', 'error'].includes(message.logLevel)) return
        if (message.messageId === 'ae-forgotten-export' && isNamedElsewhere(message.text, manifest, directory)) {
          message.logLevel = ExtractorLogLevel.None
          return
        }
        const place = message.sourceFilePath
          ? `${relative(root, message.sourceFilePath)}:${message.sourceFileLine} `
          : ''
        said.push(`  ${place}${message.text}`)
      },
    })
    if (check && result.apiReportChanged)
      said.push(`  api/${reportName}.api.md is out of date: run "npm run api", read the diff, commit it.`)
    said.push(...undocumentedIn(join(temporaryFolder, `${reportName}.api.md`)))
    if (!result.succeeded || said.length > 0) problems.push(`${name} ${subpath}\n${said.join('\n')}`)
    else if (!check) console.log(`api/${reportName}.api.md${result.apiReportChanged ? ' changed' : ''}`)
  }
}
for (const file of readdirSync(reportFolder)) {
  if (!expected.has(file)) problems.push(`api/${file} belongs to no public entry point: delete it.`)
}

report('API reports', problems, check ? `${expected.size} up to date` : `${expected.size} written`)

/** What is exported without a word about it, and the members of what is. */
function undocumentedIn(reportFile) {
  const undocumented = /\/\/ .*\(undocumented\)\n(.*)/g
  return [...readFileSync(reportFile, 'utf8').matchAll(undocumented)].map(
    ([, line]) => `  has no documentation: ${line?.trim()}`,
  )
}

/** Whether a type that an entry point uses, and does not export, is exported by another one of the same package. */
function isNamedElsewhere(text, manifest, directory) {
  const [, name] = /The symbol "(\w+)"/.exec(text) ?? []
  if (PARTS_OF_TYPES.includes(name)) return true
  const sources = Object.values(manifest.exports).flatMap((target) => target['@svcproxy/source'] ?? [])
  return sources.some((source) => new RegExp(`\\b${name}\\b`).test(readFileSync(join(directory, source), 'utf8')))
}

function configFor(directory, mainEntryPointFilePath, reportName) {
  const level = (logLevel) => ({ logLevel, addToApiReportFile: false })
  return ExtractorConfig.prepare({
    packageJsonFullPath: join(directory, 'package.json'),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: directory,
      mainEntryPointFilePath,
      newlineKind: 'lf',
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: 'ES2023',
            lib: ['ES2023', 'ESNext.Disposable'],
            module: 'NodeNext',
            moduleResolution: 'NodeNext',
            strict: true,
            skipLibCheck: true,
            types: ['node'],
          },
          files: [mainEntryPointFilePath],
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: `${reportName}.api.md`,
        reportFolder,
        reportTempFolder: temporaryFolder,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: level('error') },
        extractorMessageReporting: {
          default: level('error'),
          'ae-missing-release-tag': level('none'),
          'ae-undocumented': level('none'), // would ask for words about `name` and `code` too: see undocumentedIn
          'ae-internal-missing-underscore': level('none'),
          'ae-unresolved-link': level('none'), // editors follow a link to an imported name; this tool does not
        },
        tsdocMessageReporting: {
          default: level('error'),
          'tsdoc-param-tag-missing-hyphen': level('none'),
        },
      },
    },
  })
}

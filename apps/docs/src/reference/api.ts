// The API reference: a page for each entry of each public package, written by TypeDoc from the sources.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { Application, type TypeDocOptions } from 'typedoc'
import type { PluginOptions } from 'typedoc-plugin-markdown'
import { pagesFolder, REPOSITORY, root } from '../sources.ts'

type Options = Partial<TypeDocOptions> & Partial<PluginOptions>

/** What `import` names, and the file in which it is written. */
interface Entry {
  readonly name: string
  readonly file: string
}

/** The pages of the reference, by what `import` names. */
export async function writeApiReference(): Promise<void> {
  const all = entries()
  const app = await Application.bootstrapWithPlugins(optionsFor(all))
  const project = await app.convert()
  if (project === undefined) throw new Error('TypeDoc could not read the packages')
  for (const module of project.children ?? []) {
    const file = module.sources?.[0]?.fullFileName
    module.name = all.find((entry) => entry.file === file)?.name ?? module.name
  }
  await app.generateOutputs(project)
  if (app.logger.hasErrors()) throw new Error('TypeDoc found errors: they stand above')
}

function optionsFor(all: readonly Entry[]): Options {
  return {
    entryPoints: all.map(({ file }) => file),
    entryPointStrategy: 'resolve',
    tsconfig: join(import.meta.dirname, '../../tsconfig.api.json'),
    plugin: ['typedoc-plugin-markdown'],
    outputs: [{ name: 'markdown', path: join(pagesFolder, 'reference/api') }],
    name: 'API',
    readme: 'none',
    logLevel: 'Warn',
    basePath: root,
    disableGit: true,
    gitRevision: 'main',
    sourceLinkTemplate: `${REPOSITORY}/blob/main/packages/{path}#L{line}`,
    excludePrivate: true,
    excludeInternal: true,
    excludeExternals: true,
    router: 'member',
    excludeScopesInPaths: true,
    entryFileName: 'index',
    hideBreadcrumbs: true,
    hidePageHeader: true,
    pageTitleTemplates: { member: ({ name }) => name },
    useCodeBlocks: true,
    parametersFormat: 'table',
    interfacePropertiesFormat: 'table',
    classPropertiesFormat: 'table',
    propertyMembersFormat: 'table',
    typeDeclarationFormat: 'table',
    tableColumnSettings: { hideSources: true, hideModifiers: true, hideOverrides: true, hideInherited: true },
  }
}

/** What the packages export, by their manifests. */
function entries(): Entry[] {
  return readdirSync(join(root, 'packages')).flatMap((folder) => {
    const directory = join(root, 'packages', folder)
    if (!existsSync(join(directory, 'package.json'))) return []
    const { name, exports } = manifestIn(directory)
    return Object.entries(exports).flatMap(([path, entry]) =>
      typeof entry === 'string'
        ? []
        : [{ name: posix.join(name, path), file: join(directory, entry['@svcproxy/source']) }],
    )
  })
}

interface Manifest {
  readonly name: string
  readonly exports: Readonly<Record<string, string | { readonly '@svcproxy/source': string }>>
}

function manifestIn(directory: string): Manifest {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each package has one of this form
  return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest
}

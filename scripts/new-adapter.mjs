// Starts a package from a template: an adapter for another web framework, or over another library of circuit breakers.
//     npm run new:adapter -- binding hapi
//     npm run new:adapter -- binding acme --into ../svcproxy-acme --name @acme/svcproxy-acme
// The first writes packages/hapi and what the workspace has to know of it; the second a package that stands alone. Then
// follow docs/guide/writing-an-adapter.md.
import { readFileSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { isTaken, KINDS, namesOf, publishedRanges, stampAdapter } from './stamp-adapter.mjs'
import { readJson, root, run } from './workspace.mjs'

const USAGE = `npm run new:adapter -- <${KINDS.join('|')}> <name> [--into <folder> [--name <package>]]`
const PAGE = 'docs/guide/writing-an-adapter.md'
/** Where the command was given: npm runs it from the folder of the repository. */
const here = process.env.INIT_CWD ?? process.cwd()

/** What the lint rules let it import. */
const IMPORTS = {
  binding: (name) => `{ values: [...CORE, '@svcproxy/http', ...BUILT_IN], typesOnly: ['${name}'] }`,
  breaker: (name) => `{ values: [...CORE, ...BUILT_IN, '${name}'] }`,
}

/** What its first changeset says. */
const FIRST_RELEASE = {
  binding: (name) => `The first release: the services of \`@svcproxy/core\` for handlers of ${name}.`,
  breaker: (name) => `The first release: circuits of \`@svcproxy/core\`, shown as those of ${name}.`,
}

/** What the person at the terminal can put right. */
class WrongInput extends Error {}

try {
  const asked = checked(process.argv.slice(2))
  if (asked.isMember) makeMember(asked)
  else makeAlone(asked)
} catch (error) {
  if (!(error instanceof WrongInput)) throw error
  console.error(`new:adapter: ${error.message}\nusage: ${USAGE}`)
  process.exitCode = 1
}

function makeMember(asked) {
  const known = entriesOf(asked)
  stampAdapter(asked)
  for (const [file, text] of Object.entries(known)) writeFileSync(join(root, file), text)
  // Another name makes lines longer or shorter.
  run('oxfmt', [asked.folder])
  const place = relative(root, asked.folder)
  tell([
    `${place} is there, and the workspace knows it. Next:`,
    '  npx pnpm install',
    `  npm run build && cd ${place} && npx vitest run   # passes as it is`,
    `  grep -rn CHANGE ${place}/src ${place}/README.md   # the places that are yours`,
    `${PAGE} goes through them, and says what else belongs to a package of this repository.`,
  ])
}

function makeAlone(asked) {
  stampAdapter({ ...asked, versions: publishedRanges() })
  const place = relative(here, asked.folder)
  tell([
    `${place} is there. Next:`,
    `  cd ${place} && npm install && npm test   # passes as it is`,
    '  grep -rn CHANGE src README.md   # the places that are yours',
    `${PAGE} goes through them. Add your repository, your licence and yourself to package.json.`,
  ])
}

/** What to make. @throws {WrongInput} before anything is written */
function checked(args) {
  const { values, positionals } = parsed(args)
  const [kind, name, ...more] = positionals
  must(KINDS.includes(kind), `there is no template "${kind ?? ''}", only ${KINDS.join(' and ')}.`)
  must(name, `a ${kind} needs the name of what it is for.`)
  must(more.length === 0, `"${more.join(' ')}" is too much.`)
  must(
    /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name),
    `"${name}" must be of lower-case letters, digits and single hyphens, for example "hapi".`,
  )
  const isMember = values.into === undefined
  must(!isMember || values.name === undefined, '--name belongs to --into: packages of this repository are @svcproxy/….')
  const place = kind === 'binding' ? name : `${kind}-${name}`
  const packageName = values.name ?? (isMember ? `@svcproxy/${place}` : `svcproxy-${place}`)
  must(isPackageName(packageName), `"${packageName}" is no name of an npm package.`)
  const folder = values.into === undefined ? join(root, 'packages', place) : resolve(here, values.into)
  must(isMember || relative(root, folder).startsWith('..'), `${folder} is in this repository: leave --into out.`)
  must(!isTaken(folder), `${folder} exists and is not empty.`)
  return { kind, name, packageName, folder, isMember }
}

function parsed(args) {
  try {
    return parseArgs({ args, allowPositionals: true, options: { into: { type: 'string' }, name: { type: 'string' } } })
  } catch (error) {
    throw new WrongInput(error instanceof Error ? error.message : String(error))
  }
}

function isPackageName(name) {
  return name.length <= 214 && /^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/.test(name)
}

/** The files of the workspace that name each package, with the new one. */
function entriesOf({ kind, name, packageName, folder }) {
  const place = relative(join(root, 'packages'), folder)
  const projects = readJson(join(root, 'tsconfig.json'))
  const last = projects.references.findLastIndex(({ path }) => path.startsWith('packages/'))
  projects.references.splice(last + 1, 0, { path: `packages/${place}/tsconfig.build.json` })
  const lint = readFileSync(join(root, 'oxlint.config.ts'), 'utf8')
  const key = place.includes('-') ? `'${place}'` : place
  return {
    'tsconfig.json': `${JSON.stringify(projects, null, 2)}\n`,
    'oxlint.config.ts': lint.replace(/(const MAY_IMPORT\b[^]*?)\n\}\n/, `$1\n  ${key}: ${IMPORTS[kind](name)},\n}\n`),
    [`.changeset/${place}.md`]: `---\n'${packageName}': major\n---\n\n${FIRST_RELEASE[kind](namesOf(name).pascal)}\n`,
  }
}

function tell(lines) {
  console.log(lines.join('\n'))
}

function must(isRight, message) {
  if (!isRight) throw new WrongInput(message)
}

// Type-checks every ```ts block of the documentation, each as a module of its own, against the built packages and the
// real types of express, koa and the rest. A page whose example does not compile fails with the page's own line.
// A ```ts runnable block is also run, and prints what the ```txt output block after it says, if there is one.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { codeBlocks, linkModules } from './examples.mjs'
import { report, root, run, workspace } from './workspace.mjs'

const generated = join(root, 'temp/docs-check')
const problems = []
/** An example that takes longer than this hangs, in milliseconds. */
const RUN_MS = 30_000

rmSync(generated, { recursive: true, force: true })
mkdirSync(generated, { recursive: true })
linkModules(generated)
writeFileSync(join(generated, 'package.json'), '{ "type": "module" }')

const blocks = pages().flatMap(blocksOf)
const checked = blocks.filter(({ kind }) => kind === 'ts' || kind === 'runnable')
// A block that changes global types would change them for all the others: it is a program of its own.
const isGlobal = ({ code }) => /\bdeclare (global|module)\b|\/augment['"]/.test(code)
const programs = [checked.filter((block) => !isGlobal(block)), ...checked.filter(isGlobal).map((block) => [block])]
programs.filter((program) => program.length > 0).forEach(checkProgram)

const runnable = checked.filter(({ kind }) => kind === 'runnable')
if (problems.length === 0) runnable.forEach(runExample)

report('Documentation', problems, `${checked.length} examples compile, ${runnable.length} run`)

function pages() {
  const markdownIn = (folder) =>
    existsSync(join(root, folder))
      ? readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
          .filter((name) => name.endsWith('.md'))
          .map((name) => join(folder, name))
      : []
  const readmes = ['README.md', ...workspace.map(({ folder }) => join(folder, 'README.md'))]
  return [...readmes.filter((page) => existsSync(join(root, page))), ...markdownIn('docs')].toSorted()
}

function blocksOf(page) {
  const unclosed = (line) => problems.push(`${page}:${line} This code block is never closed.`)
  return codeBlocks(readFileSync(join(root, page), 'utf8'), unclosed)
    .map((block, index, all) => ({ page, next: all[index + 1], previous: all[index - 1], ...block }))
    .map((block) => ({ ...block, kind: kindOf(block) }))
}

function kindOf({ page, line, info, previous }) {
  if (info === 'ts') return 'ts'
  if (info === 'ts runnable') return 'runnable'
  if (info === 'txt output' && previous?.info !== 'ts runnable') {
    problems.push(`${page}:${line} "txt output" belongs to the "ts runnable" block before it, and there is none.`)
  }
  const isDecision = page.startsWith(join('docs', 'decisions'))
  if (info === 'ts fragment') {
    if (!isDecision)
      problems.push(`${page}:${line} "ts fragment" is for docs/decisions only: make the example compile.`)
    return 'fragment'
  }
  if (/^(ts|tsx|typescript|js|jsx|javascript|mts|cts|mjs|cjs)\b/i.test(info)) {
    problems.push(`${page}:${line} "${info}" would go unchecked: an example is a "ts" block that compiles.`)
  }
  return 'other'
}

function checkProgram(program, index) {
  const folder = join(generated, `program-${index}`)
  mkdirSync(folder, { recursive: true })
  // What `prisma generate` writes is a folder of the application's own.
  const prisma = join(root, 'apps/clients/src/databases/generated')
  if (existsSync(prisma)) symlinkSync(prisma, join(folder, 'generated'), 'junction')
  const places = new Map()
  for (const block of program) {
    const name = `${block.page.replaceAll(/[^\w]+/g, '-')}-${block.line}.ts`
    places.set(name, block.page)
    // Blank lines before it give the block the line numbers of its page.
    writeFileSync(join(folder, name), `${'\n'.repeat(block.line)}${block.code}\n`)
  }
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        target: 'ES2023',
        lib: ['ES2023', 'ESNext.Disposable'],
        types: ['node'],
        module: 'nodenext',
        moduleDetection: 'force',
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        skipLibCheck: true,
        noEmit: true,
        allowImportingTsExtensions: true,
      },
      include: ['*.ts'],
    }),
  )
  const { ok, output } = run('tsc', ['-p', folder, '--pretty', 'false'])
  if (ok) return
  const lines = output
    .trim()
    .replaceAll(
      /^.*?([\w-]+\.ts)\((\d+),(\d+)\)/gm,
      (_, name, line, column) => `${places.get(name) ?? name}:${line}:${column}`,
    )
  problems.push(lines)
}

/** Runs an example in a process of its own, as a reader would. */
function runExample({ page, line, code, next }, index) {
  const file = join(generated, `example-${index}.ts`)
  writeFileSync(file, code)
  const { ok, output } = run('node', [file], { cwd: generated, timeout: RUN_MS, env: { NO_COLOR: '1' } })
  if (!ok) problems.push(`${page}:${line} This example fails when it is run:\n${output.trim()}`)
  else if (next?.info === 'txt output' && output.trim() !== next.code.trim()) {
    problems.push(`${page}:${next.line} The example prints something else:\n${output.trim()}`)
  }
}

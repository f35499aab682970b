import { describe, expect, test } from 'vitest'
import { temporaryWorkspace } from './temporary-workspace.mjs'
import { run } from './workspace.mjs'

const block = (info, ...lines) => [`\`\`\`${info}`, ...lines, '```', ''].join('\n')

function check(pages) {
  const workspace = temporaryWorkspace({
    copied: ['scripts/docs-check.mjs', 'scripts/examples.mjs', 'scripts/workspace.mjs'],
    written: { 'packages/a/package.json': '{ "name": "a" }', 'apps/b/package.json': '{ "name": "b" }', ...pages },
  })
  try {
    return run(process.execPath, ['scripts/docs-check.mjs'], { cwd: workspace.directory })
  } finally {
    workspace.remove()
  }
}

test('examples that compile are counted, on every page', () => {
  const example = block('ts', `import { ok } from 'node:assert'`, 'ok(1)')
  const { ok, output } = check({
    'README.md': example + example,
    'packages/a/README.md': example,
    'docs/deep/page.md': example,
  })
  expect(output).toContain('4 examples compile')
  expect(ok).toBe(true)
})

test('an example that does not compile fails with the line of its page', () => {
  const { ok, output } = check({ 'README.md': `# Title\n\n${block('ts', 'const one = 1', 'const two: string = one')}` })
  expect(output).toContain('README.md:5:7')
  expect(ok).toBe(false)
})

test('an example knows nothing of the one before it', () => {
  expect(check({ 'README.md': block('ts', 'const one = 1') + block('ts', 'export const two = one') }).ok).toBe(false)
})

test('a global that one example declares is unknown to the others', () => {
  const declares = block('ts', 'declare global { var shared: number }', 'export {}')
  expect(check({ 'README.md': declares }).ok).toBe(true)
  expect(check({ 'README.md': declares + block('ts', 'export const two = shared') }).ok).toBe(false)
})

test.each(['ts ignore', 'typescript', 'js', 'javascript', 'tsx'])('an example may not hide as "%s"', (info) => {
  const { ok, output } = check({ 'README.md': block(info, 'x') })
  expect(output).toContain('README.md:1')
  expect(ok).toBe(false)
})

test('a fragment is for decisions only', () => {
  expect(check({ 'docs/decisions/0001.md': block('ts fragment', '…') }).ok).toBe(true)
  expect(check({ 'docs/page.md': block('ts fragment', '…') }).ok).toBe(false)
})

test('a block inside another block is only text', () => {
  expect(check({ 'README.md': `\`\`\`\`md\n${block('ts', 'nonsense here')}\`\`\`\`\n` }).ok).toBe(true)
})

test('a block that is never closed is found', () => {
  expect(check({ 'README.md': '```ts\nconst one = 1\n' }).ok).toBe(false)
})

describe('a runnable example', () => {
  const example = (...lines) => block('ts runnable', ...lines)

  test('is compiled and run', () => {
    const { ok, output } = check({ 'README.md': example(`const one: number = 1`, 'console.log(one)') })
    expect(output).toContain('1 examples compile, 1 run')
    expect(ok).toBe(true)
    expect(check({ 'README.md': example('const one: string = 1') }).ok).toBe(false)
  })

  test('that ends with an error fails with its line', () => {
    const { ok, output } = check({ 'README.md': `# Title\n\n${example(`throw new Error('no such host')`)}` })
    expect(output).toContain('README.md:3')
    expect(output).toContain('no such host')
    expect(ok).toBe(false)
  })

  test('prints what the page says it prints', () => {
    const page = (shown) => ({
      'README.md': `${example(`console.log('two')`)}\nIt prints:\n\n${block('txt output', shown)}`,
    })
    expect(check(page('two')).ok).toBe(true)
    const { ok, output } = check(page('three'))
    expect(output).toContain('README.md:7')
    expect(ok).toBe(false)
  })

  test('is there, where a page shows an output', () => {
    expect(check({ 'README.md': block('ts', 'export {}') + block('txt output', 'two') }).ok).toBe(false)
  })
})

import { expect, test } from 'vitest'
import { titleOf, withFrontmatter } from './gather.ts'

test('the title of a page is its first heading', () => {
  expect(titleOf('---\na: b\n---\n\n# One\n\n# Two\n')).toBe('One')
})

test('what is said about a page stands before it', () => {
  expect(withFrontmatter('# One\n', ['source: README.md'])).toBe('---\nsource: README.md\n---\n\n# One\n')
})

test('what a page says about itself is kept', () => {
  expect(withFrontmatter('---\nlayout: home\n---\n', ['source: a.md'])).toBe('---\nsource: a.md\nlayout: home\n---\n')
})

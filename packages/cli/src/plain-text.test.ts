import { expect, test } from 'vitest'
import { cutTo, plainJson, plainText, widthOf } from './plain-text.ts'

const HOSTILE = {
  'an escape sequence': '\u001b[2J\u001b[31mred',
  'a title': '\u001b]0;owned\u0007',
  'the 8-bit form of an escape sequence': '\u009b2J',
  'a carriage return that overwrites': 'all is well\rnot',
  'a backspace': 'no\b\b',
  'a bidirectional override': '\u202egnirts',
  'a zero-width joiner': 'a\u200db',
  'a tag of an invisible alphabet': '\u{e0041}',
  'half of a pair': '\ud800',
  'a line separator': 'a\u2028b',
  'a null': '\0',
  'what deletes': '\u007f',
}

test.each(Object.entries(HOSTILE))('%s does nothing to the terminal', (_name, text) => {
  expect(plainText(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
})

test('an escape is shown, not hidden: somebody tried something', () => {
  expect(plainText('a\u001b[2Jb')).toBe(String.raw`a\u001b[2Jb`)
})

test('a text of several lines is one line', () => {
  expect(plainText('connect failed\n\tat 10.0.0.1')).toBe('connect failed at 10.0.0.1')
})

test.each(Object.entries(HOSTILE))(
  'JSON with %s reads back as the same, and does nothing to the terminal',
  (_name, text) => {
    const json = plainJson(JSON.stringify({ text }, undefined, 2))
    expect(json.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
    expect(JSON.parse(json)).toEqual({ text })
  },
)

test('a wide character takes two columns, a combining one none', () => {
  expect(widthOf('接続')).toBe(4)
  expect(widthOf('e\u0301')).toBe(1)
})

test('what is cut says so, and never takes more than its room', () => {
  expect(cutTo('entityService', 8)).toBe('entityS…')
  expect(cutTo('entity', 6)).toBe('entity')
  expect(widthOf(cutTo('接続接続', 4))).toBeLessThanOrEqual(4)
})

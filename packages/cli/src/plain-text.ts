/**
 * Text from elsewhere for the terminal: characters that could move the cursor, change colours or titles or reverse text
 * are replaced by harmless escapes, and any run of white space by one space.
 */
export function plainText(text: string): string {
  return text.replaceAll(/\s+/gu, ' ').replaceAll(UNSEEN, escapeOf)
}

/** Like {@link plainText}, for JSON: only replaces what `JSON.stringify` leaves, by escapes that JSON can read back. */
export function plainJson(json: string): string {
  return json.replaceAll(UNSEEN, (character) => (character === '\n' ? character : escapeOf(character)))
}

/** How many columns of a terminal a plain text takes. */
export function widthOf(text: string): number {
  let width = 0
  for (const character of text) width += characterWidth(character)
  return width
}

/** As much of a plain text as fits into `width` columns; if it is cut, the last one is an ellipsis. */
export function cutTo(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  let cut = ''
  let used = 0
  for (const character of text) {
    used += characterWidth(character)
    if (used > width - 1) break
    cut += character
  }
  return `${cut}…`
}

/** Control and format characters (bidirectional overrides among them), line and paragraph separators, lone surrogates. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

function escapeOf(character: string): string {
  return [...Array(character.length).keys()]
    .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
    .join('')
}

/** East Asian wide and full-width characters and emoji: ranges after UAX #11, simplified. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u

function characterWidth(character: string): number {
  if (/\p{M}/u.test(character)) return 0
  return WIDE.test(character) ? 2 : 1
}

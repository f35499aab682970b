/** What is shorter is no secret, and would be found in words that have nothing to do with it. */
const MIN_TOKEN_LENGTH = 8

/** A text of the server without the token, which it may repeat. */
export function withoutToken(text: string, token: string | undefined): string {
  return token === undefined || token.length < MIN_TOKEN_LENGTH ? text : text.replaceAll(token, '…')
}

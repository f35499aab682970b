/** A shorter token is not a secret, and would match unrelated words. */
const MIN_TOKEN_LENGTH = 8

/** A text of the server without the token, which the text may repeat. */
export function withoutToken(text: string, token: string | undefined): string {
  return token === undefined || token.length < MIN_TOKEN_LENGTH ? text : text.replaceAll(token, '…')
}

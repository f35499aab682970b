import { createHash } from 'node:crypto'

/** Headers of every response. `allowed`: directives of the Content-Security-Policy that allow something. */
export function protection(allowed: string): Readonly<Record<string, string>> {
  const directives = ["default-src 'none'", allowed, "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"]
  return {
    'Content-Security-Policy': directives.filter((directive) => directive !== '').join('; '),
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
  }
}

/** The hash by which a Content-Security-Policy allows an inline script or style with exactly this text. */
export function sourceHash(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}

export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

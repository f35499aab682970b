import type { Fleet } from './fleet-answer.ts'
import { plainText } from './plain-text.ts'

/** A common beginning that is shorter stays; of a longer one no more than so much is looked at, in characters. */
const MIN_COMMON = 6
const MAX_COMMON = 64

/**
 * What the processes of a fleet are called, by id: their labels without what all begin with, as pods of one deployment do.
 * The one that answers is marked.
 */
export function memberNames({ members, member: own }: Fleet): ReadonlyMap<string, string> {
  const common = commonStart(members.map(({ label }) => label))
  const cut = common.length < MIN_COMMON ? 0 : common.length
  return new Map(
    members.map(({ id, label }) => {
      const name = `${cut > 0 ? '…' : ''}${plainText(label.slice(cut))}`
      return [id, id === own ? `${name} (this)` : name]
    }),
  )
}

/** Up to a separator, so that no part of a name is cut in two. */
function commonStart([first = '', ...others]: readonly string[]): string {
  if (others.length === 0) return ''
  let length = Math.min(first.length, MAX_COMMON)
  while (others.some((label) => !label.startsWith(first.slice(0, length)))) length--
  const [start = ''] = /^.*[-.:/]/su.exec(first.slice(0, length)) ?? []
  return start.length === first.length ? '' : start
}

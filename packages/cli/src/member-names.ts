import type { Fleet } from './fleet-answer.ts'
import { plainText } from './plain-text.ts'

/** The minimum and the maximum length of a common prefix that is cut off, in characters. */
const MIN_COMMON = 6
const MAX_COMMON = 64

/**
 * The names of a fleet's processes, by id: their labels without the common prefix that, for example, the pods of a
 * deployment have. The process that answered is marked.
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

/** Ends at a separator, so that no word is cut in two. */
function commonStart([first = '', ...others]: readonly string[]): string {
  if (others.length === 0) return ''
  let length = Math.min(first.length, MAX_COMMON)
  while (others.some((label) => !label.startsWith(first.slice(0, length)))) length--
  const [start = ''] = /^.*[-.:/]/su.exec(first.slice(0, length)) ?? []
  return start.length === first.length ? '' : start
}

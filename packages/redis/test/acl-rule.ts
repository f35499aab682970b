import { readFile } from 'node:fs/promises'

/** By the rule in the README. */
export const USER = { username: 'fleet', password: 'secret' }

/** The command in the README that makes that user. */
export async function aclRule(): Promise<string[]> {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
  const rule = /^ACL SETUSER .*$/m.exec(readme)?.[0]
  if (rule === undefined) throw new Error('The README has a rule')
  return rule.split(' ')
}

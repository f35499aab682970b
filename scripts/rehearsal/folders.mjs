import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A folder like the one in which a user begins. @param {string} folder is created @returns {string} the same */
export function emptyPackage(folder) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }))
  return folder
}

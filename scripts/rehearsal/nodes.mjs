// The versions of Node on which the packages are tried, from npm.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { command } from './command.mjs'
import { emptyPackage } from './folders.mjs'

/** The oldest that `engines` admits of each major, and the newest of 24 and 26. On the last one everything is tried. */
const WANTED = ['20.19', '22.12', '26', '24']

/**
 * @typedef {object} Node
 * @property {string} wanted as the ranges above have it
 * @property {string} version what is installed; empty when it could not be
 * @property {string} path
 * @property {string} output what npm said
 */

/** @param {string} folder @returns {Promise<Node[]>} */
export function installNodes(folder) {
  return Promise.all(
    WANTED.map(async (wanted) => {
      const own = emptyPackage(join(folder, `node-${wanted}`))
      const path = join(own, 'node_modules/node/bin/node')
      const { output } = await command('npm', ['install', '--no-audit', '--no-fund', `node@${wanted}`], { cwd: own })
      const version = existsSync(path) ? await command(path, ['-p', 'process.versions.node'], { cwd: own }) : undefined
      return { wanted, path, output, version: version?.ok === true ? version.output.trim() : '' }
    }),
  )
}

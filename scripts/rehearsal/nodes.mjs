// The versions of Node on which the packages are tried: that of this repository, and others from npm.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { command } from './command.mjs'
import { emptyPackage } from './folders.mjs'

/** The oldest that `engines` admits of each major, and the newest. */
const WANTED = ['20.19', '22.12', '26']

/** On this one everything is tried. */
const OWN = { wanted: 'own', version: process.versions.node, path: process.execPath, output: '' }

/**
 * @typedef {object} Node
 * @property {string} wanted as the ranges above have it
 * @property {string} version what is installed; empty when it could not be
 * @property {string} path
 * @property {string} output what npm said
 */

/** @param {string} folder @returns {Promise<Node[]>} the last one is that of this repository */
export async function nodesIn(folder) {
  const installed = await Promise.all(
    WANTED.map(async (wanted) => {
      const own = emptyPackage(join(folder, `node-${wanted}`))
      const path = join(own, 'node_modules/node/bin/node')
      const { output } = await command('npm', ['install', '--no-audit', '--no-fund', `node@${wanted}`], { cwd: own })
      const version = existsSync(path) ? await command(path, ['-p', 'process.versions.node'], { cwd: own }) : undefined
      return { wanted, path, output, version: version?.ok === true ? version.output.trim() : '' }
    }),
  )
  return [...installed, OWN]
}

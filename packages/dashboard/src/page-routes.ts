import type { HttpRequest } from '@svcproxy/http'
import { PAGE_ASSETS } from './page-assets.ts'

/** A file of the page. */
export type AssetName = keyof typeof PAGE_ASSETS
/** `slash`: the address of the page without its final slash, from which relative addresses would be wrong. */
export type Wanted = AssetName | 'slash'

/** The part of the page that a request asks for; undefined: none. */
export function wantedBy(request: HttpRequest, basePath: string): Wanted | undefined {
  const { path, target = path } = request
  if (path === basePath) return 'slash'
  if (!path.startsWith(`${basePath}/`)) return undefined
  const name = path.slice(basePath.length + 1)
  // A framework reports `/` for its mount point whether or not the client sent the slash.
  if (name === '') return target.endsWith('/') ? 'index.html' : 'slash'
  return isAsset(name) && name !== 'index.html' ? name : undefined
}

function isAsset(name: string): name is AssetName {
  return Object.hasOwn(PAGE_ASSETS, name)
}

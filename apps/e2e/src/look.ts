import type { Browser } from 'playwright-core'
import { visit, type Visit } from './chromium.ts'
import { openScene, type OwnOptions, type Scene } from './scene.ts'
import { FRAMEWORKS, type Mounted, serve, type Serving } from './servers.ts'

/** A scene, an application over it, and a visitor. */
interface Look extends AsyncDisposable {
  readonly scene: Scene
  readonly app: Serving
  readonly page: Visit['page']
  readonly complaints: Visit['complaints']
}

/** What a visitor finds, and how it looks. */
export interface Visitor extends OwnOptions {
  /** What happens before the visitor comes. */
  readonly prepare?: ((scene: Scene) => Promise<void>) | undefined
  readonly how?: Parameters<typeof visit>[2]
}

/** Opens the dashboard of a scene of its own. */
export async function lookAt(
  browser: Browser,
  mounted: Mounted,
  { circuits, options, prepare, how }: Visitor = {},
): Promise<Look> {
  const scene = await openScene(undefined, { circuits, options })
  const app = await serve(FRAMEWORKS.Express(scene.manager, '/ops/services', mounted))
  await prepare?.(scene)
  const visited = await visit(browser, `${app.origin}/ops/services/`, how)
  await visited.page.getByRole('link', { name: 'billing' }).first().waitFor()
  return {
    scene,
    app,
    page: visited.page,
    complaints: visited.complaints,
    async [Symbol.asyncDispose]() {
      await visited[Symbol.asyncDispose]()
      await app[Symbol.asyncDispose]()
      await scene[Symbol.asyncDispose]()
    },
  }
}

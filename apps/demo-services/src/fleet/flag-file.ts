import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { hireJanitor } from '../processes/janitor.ts'

/** The flag that the story turns off and on. */
export const FLAG = 'live_map'

/** A file with one feature flag, for all processes of a fleet, in a temporary folder. */
export class FlagFile implements AsyncDisposable {
  readonly url: URL
  readonly #folder: string
  readonly #sendJanitorHome: () => void

  private constructor(folder: string) {
    this.url = pathToFileURL(join(folder, 'features.json'))
    this.#folder = folder
    this.#sendJanitorHome = hireJanitor(folder)
  }

  static async create(): Promise<FlagFile> {
    const file = new FlagFile(await mkdtemp(join(tmpdir(), 'svcproxy-demo-flags-')))
    await file.turn('on')
    return file
  }

  async turn(to: 'on' | 'off'): Promise<void> {
    await writeFile(this.url, JSON.stringify({ [FLAG]: { enabled: to === 'on' } }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
    this.#sendJanitorHome()
  }
}

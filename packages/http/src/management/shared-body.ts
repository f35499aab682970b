import { promisify } from 'node:util'
import { constants, gzip } from 'node:zlib'

const compress = promisify(gzip)

/** Smaller bodies are not worth compressing. */
const MIN_BYTES = 1_024

/**
 * A body that is sent to many clients: encoded once, and compressed once on another thread. A snapshot of 200 services
 * has a quarter of a megabyte; encoding and writing that for each of 50 viewers would block the application.
 */
export class SharedBody {
  readonly #text: string
  #bytes: Buffer | undefined
  #compressed: Promise<Buffer> | undefined

  constructor(text: string) {
    this.#text = text
  }

  get bytes(): Buffer {
    this.#bytes ??= Buffer.from(this.#text)
    return this.#bytes
  }

  /** Undefined: it is too small to be compressed. */
  get gzipped(): Promise<Buffer> | undefined {
    if (this.#text.length < MIN_BYTES) return undefined
    this.#compressed ??= compress(this.bytes, { level: constants.Z_BEST_SPEED })
    return this.#compressed
  }
}

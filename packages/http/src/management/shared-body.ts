import { promisify } from 'node:util'
import { constants, gzip } from 'node:zlib'

const compress = promisify(gzip)

/** A smaller body is not worth it. */
const MIN_BYTES = 1_024

/**
 * A body that many are sent: made into bytes once, and compressed once, on another thread. A snapshot of 200 services is
 * a quarter of a megabyte; to encode and write that for each of 50 viewers is what would hold up the application.
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

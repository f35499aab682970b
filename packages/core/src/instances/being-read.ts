import { finished, Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'

/** Something that a call returned and that is read after the call: a stream or an async iterable. */
export interface Reading {
  /** Whether reading has begun. */
  readonly begun: boolean
}

/** Whether a call's result is something that is read later. */
export function isReadLater(result: unknown): result is object {
  return typeof result === 'object' && result !== null && Symbol.asyncIterator in result
}

/**
 * Watches such a result for its end. Nothing is read from it, and nothing is wrapped around it: the caller gets the
 * very object that the service returned. The returned object does not keep the result from being garbage-collected.
 * @param onEnd called when the result has ended, failed or was cancelled
 */
export function reading(result: object, onEnd: () => void): Reading {
  return isStream(result) ? readingOfStream(result, onEnd) : readingOfIterable(result, onEnd)
}

/** Web streams, too: `finished` and `isDisturbed` accept both. */
function isStream(result: object): result is Readable {
  return result instanceof Readable || result instanceof ReadableStream
}

function readingOfStream(stream: Readable, onEnd: () => void): Reading {
  // No listener for 'error': with one, an error that nobody handles would go unnoticed.
  finished(stream, { error: false, writable: false }, onEnd)
  const weakly = new WeakRef(stream)
  return {
    get begun() {
      const left = weakly.deref()
      return left !== undefined && Readable.isDisturbed(left)
    },
  }
}

/** What async iterables, their iterators and cursors have in common; each may lack some of it. */
interface Iterated {
  [Symbol.asyncIterator]?: () => Iterated
  next?: (...args: unknown[]) => unknown
  return?: (...args: unknown[]) => unknown
  throw?: (...args: unknown[]) => unknown
}

/**
 * An iterable that is watched. Its iterators keep it from being garbage-collected: one may be read when nothing else is
 * left.
 */
interface Watch {
  readonly iterable: Iterated
  readonly reading: { begun: boolean }
  readonly listeners: Set<() => void>
}

/** A service may return the same object again: it is watched only once. */
const watches = new WeakMap<object, Watch>()

/** Its iterators report their end; so does the iterable, if it is an iterator itself. */
function readingOfIterable(iterable: Iterated, onEnd: () => void): Reading {
  const known = watches.get(iterable)
  const watch = known ?? { iterable, reading: { begun: false }, listeners: new Set() }
  watch.listeners.add(onEnd)
  if (known !== undefined) return known.reading
  watches.set(iterable, watch)

  watchIterator(iterable, watch)
  const iterate = iterable[Symbol.asyncIterator]
  override(iterable, Symbol.asyncIterator, function (this: Iterated) {
    const iterator = iterate?.call(this) ?? {}
    if (iterator !== iterable) watchIterator(iterator, watch)
    return iterator
  })
  return watch.reading
}

function watchIterator(iterator: Iterated, watch: Watch): void {
  const end = (): void => {
    for (const onEnd of watch.listeners) onEnd()
    watch.listeners.clear()
  }
  const { next } = iterator
  if (typeof next !== 'function') return
  override(iterator, 'next', function (this: unknown, ...args: unknown[]) {
    watch.reading.begun = true
    const step = next.apply(this, args)
    Promise.resolve(step).then((value) => (isDone(value) ? end() : undefined), end)
    return step
  })
  for (const way of ['return', 'throw'] as const) {
    const leave = iterator[way]
    if (typeof leave !== 'function') continue
    override(iterator, way, function (this: unknown, ...args: unknown[]) {
      const left = leave.apply(this, args)
      Promise.resolve(left).then(end, end)
      return left
    })
  }
}

function isDone(step: unknown): boolean {
  return typeof step === 'object' && step !== null && 'done' in step && step.done === true
}

/**
 * Replaces a member of the object itself. A frozen object stays as it is: reading cannot be observed then, so it is
 * only held for the grace period.
 */
function override(object: object, key: string | symbol, value: unknown): void {
  Reflect.defineProperty(object, key, { value, configurable: true, writable: true, enumerable: false })
}

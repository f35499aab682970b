import { type ChildProcess, fork } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { atExit } from './at-exit.ts'
import type { Orders, Reply } from './member/orders.ts'

/** As this file is: TypeScript when run from source, JavaScript when built. */
const EXTENSION = extname(import.meta.url)
const ENTRY = fileURLToPath(new URL(`./member/main${EXTENSION}`, import.meta.url))
const FLAGS = EXTENSION === '.ts' ? ['--conditions=@svcproxy/source'] : []

type Answer<K extends keyof Orders> = Awaited<ReturnType<Orders[K]>>

/** A forked process that does what it is told. */
export class Hand {
  readonly #child: ChildProcess
  readonly #answers = new EventEmitter()
  readonly #exited: Promise<unknown>
  readonly #stayAtExit: () => void
  #asked = 0
  /** A call has reached a service that hangs, at this time. */
  onHang: (since: number) => void = () => {}

  constructor() {
    this.#child = fork(ENTRY, { execArgv: [...FLAGS, '--expose-gc'], serialization: 'advanced' })
    this.#stayAtExit = atExit(() => this.#child.kill('SIGKILL'))
    this.#answers.setMaxListeners(0)
    this.#exited = once(this.#child, 'exit')
    this.#child.on('exit', () => this.#answers.emit('exit'))
    this.#child.on('message', (reply: Reply) => {
      if (reply.id !== undefined) this.#answers.emit(String(reply.id), reply)
      if (reply.hangsSince !== undefined) this.onHang(reply.hangsSince)
    })
  }

  /** @throws Error (as a rejection) with what went wrong there, or when it ends instead */
  ask<K extends keyof Orders>(order: K, ...parts: Parameters<Orders[K]>): Promise<Answer<K>> {
    const id = this.#asked++
    return new Promise((resolve, reject) => {
      const ended = (): void => reject(new Error(`The process ended before it answered '${order}'`))
      this.#answers.once('exit', ended)
      this.#answers.once(String(id), ({ answer, error }: { answer: Answer<K>; error: string | undefined }) => {
        this.#answers.off('exit', ended)
        if (error === undefined) resolve(answer)
        else reject(new Error(error))
      })
      this.#child.send({ id, order, parts }, (error) => error && ended())
    })
  }

  /** As by a crash. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
    this.#stayAtExit()
  }
}

/** Processes that have left a crew; they serve in the next one. */
const idle: Hand[] = []

/** Some processes, all of one kind. */
export class Crew implements AsyncDisposable {
  readonly #hands: Hand[]

  constructor(size: number) {
    this.#hands = Array.from({ length: size }, () => idle.pop() ?? new Hand())
    for (const hand of this.#hands) hand.onHang = () => {}
  }

  /** Ends the processes that no crew has any more. */
  static async end(): Promise<void> {
    await Promise.all(idle.splice(0).map((hand) => hand.kill()))
  }

  get hands(): readonly Hand[] {
    return this.#hands
  }

  /** All do the same; the parts may depend on which of them it is. */
  all<K extends keyof Orders>(order: K, parts: (index: number) => Parameters<Orders[K]>): Promise<Answer<K>[]> {
    return Promise.all(this.#hands.map((hand, index) => hand.ask(order, ...parts(index))))
  }

  /** Another process in the place of this one, which is killed. */
  async replace(hand: Hand): Promise<Hand> {
    await hand.kill()
    const next = new Hand()
    this.#hands[this.#hands.indexOf(hand)] = next
    return next
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.all('leave', () => [])
    idle.push(...this.#hands.splice(0))
  }
}

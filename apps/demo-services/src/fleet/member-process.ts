import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { toEnvironment } from './member.ts'
import type { MemberSettings } from './member.ts'
import { isMemberMessage } from './messages.ts'
import type { MemberEvent, MemberMessage, Question, Standing, Told } from './messages.ts'

const HOST = '127.0.0.1'
/** How long a member may take to end, in milliseconds; then it is killed. */
const END_TIMEOUT_MS = 8_000
/** How long it may take to answer a question, in milliseconds. */
const ANSWER_TIMEOUT_MS = 10_000

type Reply = Extract<MemberMessage, { readonly id: number }>

/** How a member has ended. */
export interface Ending {
  /** Null: by a signal. */
  readonly code: number | null
  readonly tookMs: number
}

/** A member of the fleet, seen from the process that started it. */
export class MemberProcess {
  readonly label: string
  /** The port on which it listens. */
  readonly listening: Promise<number>
  readonly #child: ChildProcess
  readonly #exited: Promise<number | null>
  readonly #listeners = new Set<(event: MemberEvent) => void>()
  readonly #pending = new Map<number, { resolve: (reply: Reply) => void; reject: (error: Error) => void }>()
  #port = 0
  #questions = 0
  #ending: Promise<Ending> | undefined

  /**
   * Starts a member.
   * @param entry the module that runs the demo, which recognizes from its environment that it is a member
   */
  constructor(entry: string, settings: MemberSettings) {
    this.label = settings.label
    // Its errors are shown, but not its output: one process tells the story.
    this.#child = fork(entry, [], {
      env: { ...process.env, ...toEnvironment(settings) },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    this.#exited = once(this.#child, 'exit').then(([code]: (number | null)[]) => code ?? null)
    this.listening = new Promise((resolve, reject) => {
      this.#child.on('message', (message) => {
        if (isMemberMessage(message)) this.#heard(message, resolve)
      })
      this.#child.once('exit', () => this.#gone(reject))
    })
    // A caller that waits for it still gets the error.
    this.listening.catch(() => undefined)
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** The member's own address, not the shared one. */
  get url(): string {
    return `http://${HOST}:${this.#port}`
  }

  /** Calls `listener` for each event of the member from now on. */
  onEvent(listener: (event: MemberEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async standing(): Promise<Standing> {
    const reply = await this.#ask('standing')
    if (reply.kind !== 'standing') throw new TypeError(`${this.label} did not say how it does`)
    return reply.standing
  }

  /** Makes it invalidate the feature flags in the whole fleet. */
  async invalidate(): Promise<Told> {
    const reply = await this.#ask('invalidate')
    if (reply.kind !== 'told') throw new TypeError(`${this.label} did not say what became of the invalidation`)
    return reply.told
  }

  /** Tells it to end, like an orchestrator, and kills it if it does not. */
  end(): Promise<Ending> {
    return (this.#ending ??= this.#end())
  }

  async #end(): Promise<Ending> {
    const startedAt = performance.now()
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), END_TIMEOUT_MS)
    const code = await this.#exited
    clearTimeout(timer)
    return { code, tookMs: performance.now() - startedAt }
  }

  #ask(kind: Question['kind']): Promise<Reply> {
    const id = ++this.#questions
    return new Promise((resolve, reject) => {
      const late = new Error(`${this.label} has not answered within ${ANSWER_TIMEOUT_MS / 1_000} s`)
      setTimeout(() => reject(late), ANSWER_TIMEOUT_MS).unref()
      this.#pending.set(id, { resolve, reject })
      this.#child.send({ id, kind } satisfies Question, (error) => {
        if (error !== null) this.#gone(reject)
      })
    })
  }

  #heard(message: MemberMessage, listens: (port: number) => void): void {
    if (message.kind === 'listening') {
      this.#port = message.port
      listens(message.port)
    } else if (message.kind === 'event') {
      for (const listener of this.#listeners) listener(message.event)
    } else {
      this.#pending.get(message.id)?.resolve(message)
      this.#pending.delete(message.id)
    }
  }

  #gone(reject: (error: Error) => void): void {
    const error = new Error(`${this.label} has ended`)
    reject(error)
    for (const pending of this.#pending.values()) pending.reject(error)
    this.#pending.clear()
  }
}

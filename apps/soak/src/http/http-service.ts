import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hireJanitor } from '../janitor.ts'
import { isClientTrouble } from '../plan.ts'
import type { HttpTrouble } from '../plan.ts'
import type { ClientFaults } from '../client-faults.ts'
import type { ServiceOrder, ServiceReport } from './protocol.ts'

const END_MS = 2_000

/** An HTTP service in a process of its own, which can be told to be unwell. */
export class HttpService implements AsyncDisposable {
  readonly port: number
  readonly #process: ChildProcess
  readonly #faults: ClientFaults
  readonly #sendJanitorHome: () => void

  private constructor(child: ChildProcess, port: number, faults: ClientFaults) {
    this.port = port
    this.#process = child
    this.#faults = faults
    // A process that is stopped where it is does not notice that its parent has gone.
    this.#sendJanitorHome = hireJanitor('kill -KILL "$1" 2>/dev/null', String(child.pid))
  }

  static async start(faults: ClientFaults): Promise<HttpService> {
    // As this file is: TypeScript when run from source, JavaScript when built.
    const entry = fileURLToPath(new URL(`./server${extname(import.meta.url)}`, import.meta.url))
    const child = fork(entry, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] })
    const { port } = await reportOf(child)
    return new HttpService(child, port, faults)
  }

  async begin(trouble: HttpTrouble): Promise<void> {
    if (isClientTrouble(trouble)) this.#faults.begin(trouble)
    else if (trouble === 'freeze') this.#process.kill('SIGSTOP')
    else await this.#order({ type: 'mode', mode: trouble })
  }

  async end(): Promise<void> {
    this.#process.kill('SIGCONT')
    await this.#order({ type: 'mode', mode: 'well' })
    this.#faults.end()
  }

  /** Not to be asked for while it is frozen. */
  async report(): Promise<ServiceReport> {
    const [report] = await Promise.all([reportOf(this.#process), this.#order({ type: 'report' })])
    return report
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const exit = once(this.#process, 'exit')
    this.#process.kill('SIGCONT')
    this.#process.disconnect()
    const lastResort = setTimeout(() => this.#process.kill('SIGKILL'), END_MS)
    await exit
    clearTimeout(lastResort)
    this.#sendJanitorHome()
  }

  #order(order: ServiceOrder): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#process.send(order, (error) => (error === null ? resolve() : reject(error)))
    })
  }
}

/** What it says next. */
function reportOf(child: ChildProcess): Promise<ServiceReport> {
  return new Promise((resolve, reject) => {
    const onExit = (): void => reject(new Error('The HTTP service ended'))
    child.once('exit', onExit)
    child.once('message', (report: ServiceReport) => {
      child.off('exit', onExit)
      resolve(report)
    })
  })
}

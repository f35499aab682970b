import { InvalidOptionError, UnknownServiceError } from '../errors.ts'
import { checkServiceName } from '../names.ts'

/** Services by name, which an application sets up once and shares. */
export class ServiceRegistry {
  readonly #services = new Map<string, unknown>()

  /**
   * Registers a service.
   * @throws {@link InvalidOptionError} when the name is taken or invalid, or when the service is undefined or null
   */
  register(name: string, service: unknown): this {
    checkServiceName(name)
    if (service === undefined || service === null)
      throw new InvalidOptionError('service', 'a service, not undefined or null', service)
    if (this.#services.has(name)) throw new InvalidOptionError('name', 'a name that is not registered yet', name)
    this.#services.set(name, service)
    return this
  }

  /** Removes a service; returns whether there was one. The service is not disposed. */
  unregister(name: string): boolean {
    return this.#services.delete(name)
  }

  /** Whether a service is registered under `name`. */
  has(name: string): boolean {
    return this.#services.has(name)
  }

  /** The service of this name. @throws {@link UnknownServiceError} when nothing is registered under it */
  get(name: string): unknown {
    if (!this.#services.has(name)) throw new UnknownServiceError(name, this.names())
    return this.#services.get(name)
  }

  /** The names of all services, in the order they were registered. */
  names(): string[] {
    return [...this.#services.keys()]
  }
}

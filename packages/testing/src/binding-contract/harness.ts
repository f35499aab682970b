import type { GuardedServices, ServiceProxyManager } from '@svcproxy/core'
import type {
  EndpointFactory,
  EndWithClient,
  ErrorHandlerOptions,
  HealthOptions,
  ManagementOptions,
  ShutdownOptions,
  ShutdownServer,
} from '@svcproxy/http'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'

/** The service that the applications of the contract use. */
export interface ContractService {
  /** Returns `value`. */
  echo(value: string): string
  /** Does what the case told it to do. */
  ask(context?: { readonly signal?: AbortSignal }): unknown
}

/** The services of the contract's applications. */
export interface ContractServices {
  /** The one that handlers use. */
  readonly first: ContractService
  /** Another one, to show that an injected handler only gets the services it asked for. */
  readonly second: ContractService
}

/** What a handler of the contract can access besides its services. */
export interface ContractExchange {
  /** Node's request: Express's own request, or `ctx.req` in Koa. */
  readonly req: IncomingMessage
  /** Node's response: Express's own response, or `ctx.res` in Koa. */
  readonly res: ServerResponse
  /** Calls the binding's `current()` each time. */
  current(): Pick<GuardedServices<ContractServices>, 'first'>
  /** Calls the binding's `signal(req)` or `signal(ctx)` each time. */
  signal(): AbortSignal
}

/** A route for all methods. */
export interface ContractRoute {
  /** Without parameters: `/greeting`. */
  readonly path: string
  /** Whether it is created with `inject(['first'], …)`. @defaultValue false: with `from()` */
  readonly isInjected?: boolean
  /**
   * Its result, or what that resolves to, is the body of the response; if it throws or rejects, the route fails with
   * that error.
   */
  readonly handle: (
    services: Pick<GuardedServices<ContractServices>, 'first'>,
    exchange: ContractExchange,
  ) => string | Promise<string>
}

/** An application as a test case needs it. */
export interface ContractApp {
  /** The manager to bind: `bindServices(manager)`. */
  readonly manager: ServiceProxyManager<ContractServices>
  /** The routes to register. @defaultValue none */
  readonly routes?: readonly ContractRoute[]
  /** Registers the routes in their own router under this path. @defaultValue '' */
  readonly prefix?: string
  /** Whether the binding's middleware is used. @defaultValue true */
  readonly isBound?: boolean
  /** Uses the binding's error handler with these options. @defaultValue without it */
  readonly errorHandler?: ErrorHandlerOptions
  /**
   * Adds an error handler of the application behind (in Koa: around) the binding's. It calls this function, then
   * answers 418; or, if headers were sent, it destroys the response.
   * @defaultValue the framework's own handler, made silent if necessary
   */
  readonly onError?: (error: unknown) => void
  /** Adds the health endpoints before everything else. @defaultValue without them */
  readonly health?: HealthOptions
  /** The path under which the health endpoints are mounted. @defaultValue '' */
  readonly healthPrefix?: string
  /** Whether `current()` has to work. @defaultValue false */
  readonly asyncContext?: boolean
  /** When calls abort with their client; passed to the binding as it is. @defaultValue the binding's default */
  readonly endWithClient?: EndWithClient
  /** Adds the application's own JSON body parser before everything else. @defaultValue false */
  readonly parsesBodies?: boolean
  /** Mounts the management API at {@link ContractApp.mountPath}, before the routes. @defaultValue without it */
  readonly management?: ManagementOptions
  /** Mounts this endpoint there with `mount()`, if there is no management API. @defaultValue without it */
  readonly mount?: EndpointFactory<unknown>
  /** The path of the mount, for example `/ops/services`. @defaultValue '/ops' */
  readonly mountPath?: string
}

/** An application that was built. */
export interface BuiltApp {
  /** The argument for `http.createServer`. */
  readonly listener: RequestListener
  /** The `shutdown` of the binding. */
  readonly shutdown: (server: ShutdownServer, options?: ShutdownOptions) => Promise<void>
}

/** The parts of a binding that the contract needs. */
export interface BindingHarness {
  /** Builds the application. Errors of the binding about its options are thrown. */
  readonly build: (app: ContractApp) => BuiltApp
  /** Calls the binding's `inject` with these names and any handler. */
  readonly inject: (manager: ServiceProxyManager<ContractServices>, names: readonly string[]) => unknown
  /** What registers the binding, as the error says that misses it. @defaultValue 'services.middleware()' */
  readonly registration?: string
}

/** One promise of the contract. @internal */
export type BindingContractCase = readonly [title: string, check: (harness: BindingHarness) => Promise<void>]

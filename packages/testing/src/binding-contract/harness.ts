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
  /** What the case told it to do. */
  ask(context?: { readonly signal?: AbortSignal }): unknown
}

/** The services that the applications of the contract have. */
export interface ContractServices {
  /** The one that handlers are given and call. */
  readonly first: ContractService
  /** One more, to show that a handler gets only the services it asked for. */
  readonly second: ContractService
}

/** What a handler of the contract can see besides its services. */
export interface ContractExchange {
  /** Node's request (Express's is one); in Koa, `ctx.req`. */
  readonly req: IncomingMessage
  /** Node's response (Express's is one); in Koa, `ctx.res`. */
  readonly res: ServerResponse
  /** What the binding's `current()` returns; asked for at each use. */
  current(): Pick<GuardedServices<ContractServices>, 'first'>
  /** What the binding's `signal(req)` or `signal(ctx)` returns; asked for at each use. */
  signal(): AbortSignal
}

/** A route for every method. */
export interface ContractRoute {
  /** Without parameters: `/greeting`. */
  readonly path: string
  /** True: with `inject(['first'], …)`. @defaultValue false: with `from()` */
  readonly isInjected?: boolean
  /** What it returns or resolves to is the body of the answer; what it throws or rejects with is an error of the route. */
  readonly handle: (
    services: Pick<GuardedServices<ContractServices>, 'first'>,
    exchange: ContractExchange,
  ) => string | Promise<string>
}

/** An application as a case wants it. */
export interface ContractApp {
  /** The manager that the binding is made for: `bindServices(manager)`. */
  readonly manager: ServiceProxyManager<ContractServices>
  /** The routes to register. @defaultValue none */
  readonly routes?: readonly ContractRoute[]
  /** The routes stand in a router of their own under this path. @defaultValue '' */
  readonly prefix?: string
  /** False: without the binding's middleware. @defaultValue true */
  readonly isBound?: boolean
  /** With the binding's error handler. @defaultValue without */
  readonly errorHandler?: ErrorHandlerOptions
  /**
   * With an error handler of the application behind (in Koa: around) the binding's. It calls this, then answers 418;
   * or, if headers were sent, destroys the response. @defaultValue the framework's own handler, silent if need be
   */
  readonly onError?: (error: unknown) => void
  /** With the health endpoints, before everything else. @defaultValue without */
  readonly health?: HealthOptions
  /** Where the health endpoints are mounted. @defaultValue '' */
  readonly healthPrefix?: string
  /** Whether `current()` is to work. @defaultValue false */
  readonly asyncContext?: boolean
  /** When calls end with their client; given to the binding as it is. @defaultValue the binding's own */
  readonly endWithClient?: EndWithClient
  /** A body parser for JSON of the application, before everything else. @defaultValue false */
  readonly parsesBodies?: boolean
  /** With the management API mounted at {@link ContractApp.mountPath}, before the routes. @defaultValue without */
  readonly management?: ManagementOptions
  /** With `mount()` of this there, if there is no management API. @defaultValue without */
  readonly mount?: EndpointFactory<unknown>
  /** `/ops/services` for example. @defaultValue '/ops' */
  readonly mountPath?: string
}

/** An application that was built. */
export interface BuiltApp {
  /** What `http.createServer` takes. */
  readonly listener: RequestListener
  /** The binding's own. */
  readonly shutdown: (server: ShutdownServer, options?: ShutdownOptions) => Promise<void>
}

/** What the contract needs to know of a binding. */
export interface BindingHarness {
  /** Builds the application. What the binding throws at an option, it throws, too. */
  readonly build: (app: ContractApp) => BuiltApp
  /** Calls the binding's `inject` with these names and any handler. */
  readonly inject: (manager: ServiceProxyManager<ContractServices>, names: readonly string[]) => unknown
}

/** One promise of the contract. @internal */
export type BindingContractCase = readonly [title: string, check: (harness: BindingHarness) => Promise<void>]

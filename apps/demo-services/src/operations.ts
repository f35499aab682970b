import { prometheusMetrics } from '@svcproxy/prometheus'
import * as client from 'prom-client'
import type { DemoManager } from './service-manager.ts'

/** What an operator of a demo has. */
export interface Operations {
  /** For `GET /metrics`. */
  readonly metrics: { readonly contentType: string; text(): Promise<string> }
  /** For the dashboard; who may see and act, and how the page calls this place. */
  readonly dashboard: {
    readonly authorize: (request: { readonly headers: { readonly host?: string | undefined } }) => boolean
    readonly readOnly: false
    readonly environment: string
    readonly instanceId?: string
    readonly redact: (error: unknown) => string | undefined
  }
}

/** @param instanceId what the page calls this process; something random otherwise */
export function openOperations(manager: DemoManager, instanceId?: string): Operations {
  const register = new client.Registry()
  prometheusMetrics(manager, { client, register })
  return {
    metrics: { contentType: register.contentType, text: () => register.metrics() },
    dashboard: {
      // There is no login in a demo, which listens on the loopback interface. The host is looked at so that no page on
      // the Internet can point its own name at it. An application asks its session here.
      authorize: ({ headers }) => isLoopback(headers.host),
      readOnly: false,
      environment: 'demo',
      ...(instanceId === undefined ? {} : { instanceId }),
      // The services' errors are those of the demo's own database: there is nothing in them to hide but addresses.
      redact: (error) => (error instanceof Error ? withoutAddresses(error.message) : undefined),
    },
  }
}

function isLoopback(host: string | undefined): boolean {
  return /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host ?? '')
}

function withoutAddresses(message: string): string {
  return message.replaceAll(/\b\d{1,3}(\.\d{1,3}){3}(:\d+)?\b/g, '(address)')
}

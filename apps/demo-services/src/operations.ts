import { prometheusMetrics } from '@svcproxy/prometheus'
import * as client from 'prom-client'
import type { DemoManager } from './service-manager.ts'

/** What the operator of a demo uses. */
export interface Operations {
  /** For `GET /metrics`. */
  readonly metrics: { readonly contentType: string; text(): Promise<string> }
  /** Options of the dashboard: who may see and act, and the name of the environment. */
  readonly dashboard: {
    readonly authorize: (request: { readonly headers: { readonly host?: string | undefined } }) => boolean
    readonly readOnly: false
    readonly environment: string
    readonly instanceId?: string
    readonly redact: (error: unknown) => string | undefined
  }
}

/** @param instanceId the name of this process on the page; random if it is left out */
export function openOperations(manager: DemoManager, instanceId?: string): Operations {
  const register = new client.Registry()
  prometheusMetrics(manager, { client, register })
  return {
    metrics: { contentType: register.contentType, text: () => register.metrics() },
    dashboard: {
      // A demo has no login, and listens on the loopback interface. The host is checked so that no page on the Internet
      // can reach it under its own name. A real application checks its session here.
      authorize: ({ headers }) => isLoopback(headers.host),
      readOnly: false,
      environment: 'demo',
      ...(instanceId === undefined ? {} : { instanceId }),
      // The errors come from the demo's own database: only addresses need to be hidden.
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

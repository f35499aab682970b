export { bodyReader } from './body-reader.ts'
export { type ErrorHandlerOptions, errorResponse, type ErrorResponseOptions } from './error-response.ts'
export { healthEndpoints, type HealthOptions } from './health-endpoints.ts'
export { type AccessDecision, type AccessGate, accessGate, type AccessOptions } from './management/access-gate.ts'
export { managementEndpoints } from './management/management-endpoints.ts'
export type { Access, AuditEvent, Authorization, ManagementOptions } from './management/options.ts'
export {
  type ActionResult,
  type ActionScope,
  type CircuitView,
  type ErrorView,
  type EventPage,
  type FailureView,
  type FleetCircuitView,
  type FleetMemberView,
  type FleetView,
  type RequestHistory,
  type InstanceView,
  type ManagementAction,
  RATE_WINDOW_MS,
  type ServiceDetail,
  type ServiceView,
  type SettingValue,
  type Snapshot,
  SNAPSHOT_EVENTS,
  type TimelineEvent,
} from './management/snapshot.ts'
export type { EndpointFactory, HttpEndpoint, HttpRequest, HttpResponse, ReadBody, TextResponse } from './message.ts'
export { type FrameworkRequest, MountedRequest } from './mounted-request.ts'
export { matchesEtag } from './negotiation.ts'
export { pathOf, type Problem, problemResponse, queryOf } from './problem.ts'
export { clearRepresentation } from './representation-headers.ts'
export { type ClientConnection, isClientGone } from './client-watch.ts'
export {
  type EndWithClient,
  pickServices,
  RequestScope,
  RequestScopes,
  type RequestScopesOptions,
} from './request-scope.ts'
export type { ScopedRequest } from './scoped-request.ts'
export type { ShutdownServer } from './shutdown/server-connections.ts'
export { shutdown, type ShutdownOptions } from './shutdown/shutdown.ts'

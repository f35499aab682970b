import type { HttpRequest, HttpResponse } from '../message.ts'
import { refusal } from './responses.ts'
import type { ActionRoute } from './routes.ts'
import type { ActionScope, ManagementAction } from './snapshot.ts'

/** The maximum length of a body, in bytes. */
const MAX_BYTES = 8_192

/** The action that a request asks for, and where. */
export interface Asked {
  readonly action: ManagementAction
  readonly scope: ActionScope
}

/** The action, or the response to a body that names none. */
export type AskedAction = Asked | { readonly response: HttpResponse }

/** The actions that can be applied to a whole fleet. */
const OF_FLEETS: ReadonlySet<ManagementAction> = new Set<ManagementAction>(['invalidate', 'invalidate-all'])

/** Reads the body of a request for `route`. Never rejects. */
export async function readAction(request: HttpRequest, { actions }: ActionRoute): Promise<AskedAction> {
  if (!isPlainJson(request.headers)) {
    return refuse(415, 'Send the action as application/json, without a content encoding.')
  }
  let text: string | undefined
  try {
    text = request.readBody === undefined ? '' : await request.readBody(MAX_BYTES)
  } catch {
    return refuse(400, 'The body could not be read completely.')
  }
  if (text === undefined) return refuse(413, `The body may have at most ${MAX_BYTES} bytes.`)
  return askedIn(text, actions) ?? refuse(422, bodyOf(actions))
}

function refuse(status: number, detail: string): AskedAction {
  return { response: refusal(status, detail) }
}

function isPlainJson({ 'content-type': type, 'content-encoding': encoding }: HttpRequest['headers']): boolean {
  const isPlain = encoding === undefined || (typeof encoding === 'string' && encoding.toLowerCase() === 'identity')
  return isPlain && typeof type === 'string' && /^\s*application\/json\s*(;|$)/i.test(type)
}

function askedIn(text: string, actions: readonly ManagementAction[]): Asked | undefined {
  const body = parse(text)
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined
  const { scope = 'process', ...named }: { scope?: unknown } = body
  const action = actionIn(named, actions)
  if (action === undefined || (scope !== 'process' && scope !== 'fleet')) return undefined
  return scope === 'fleet' && !OF_FLEETS.has(action) ? undefined : { action, scope }
}

function actionIn(body: object, [only, ...others]: readonly ManagementAction[]): ManagementAction | undefined {
  const [[key, value] = [], ...rest] = Object.entries(body)
  if (others.length === 0) return key === undefined ? only : undefined
  return key === 'action' && rest.length === 0 ? [only, ...others].find((action) => action === value) : undefined
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function bodyOf(actions: readonly ManagementAction[]): string {
  const body =
    actions.length === 1 ? '{}' : `{ "action": … } with one of ${actions.map((action) => `"${action}"`).join(', ')}`
  const scope = actions.some((action) => OF_FLEETS.has(action)) ? '; "scope": "fleet" has a whole fleet invalidate' : ''
  return `The body must be ${body}${scope}.`
}

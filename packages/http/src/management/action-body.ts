import type { HttpRequest, HttpResponse } from '../message.ts'
import { refusal } from './responses.ts'
import type { ActionRoute } from './routes.ts'
import type { ManagementAction } from './snapshot.ts'

/** The longest body, in bytes. */
const MAX_BYTES = 8_192

/** Which action a request asks for; or why its body does not say. */
export type AskedAction = { readonly action: ManagementAction } | { readonly response: HttpResponse }

/** Reads the body of a request for `route`. Never rejects. */
export async function readAction(request: HttpRequest, { actions }: ActionRoute): Promise<AskedAction> {
  if (!isPlainJson(request.headers)) {
    return refuse(415, 'An action is sent as application/json, without a content encoding.')
  }
  let text: string | undefined
  try {
    text = request.readBody === undefined ? '' : await request.readBody(MAX_BYTES)
  } catch {
    return refuse(400, 'The body could not be read to its end.')
  }
  if (text === undefined) return refuse(413, `A body is at most ${MAX_BYTES} bytes long.`)
  const action = actionOf(text, actions)
  return action === undefined ? refuse(422, bodyOf(actions)) : { action }
}

function refuse(status: number, detail: string): AskedAction {
  return { response: refusal(status, detail) }
}

function isPlainJson({ 'content-type': type, 'content-encoding': encoding }: HttpRequest['headers']): boolean {
  const isPlain = encoding === undefined || (typeof encoding === 'string' && encoding.toLowerCase() === 'identity')
  return isPlain && typeof type === 'string' && /^\s*application\/json\s*(;|$)/i.test(type)
}

function actionOf(text: string, actions: readonly ManagementAction[]): ManagementAction | undefined {
  const body = parse(text)
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined
  const [only, ...others] = actions
  const members = Object.entries(body)
  if (others.length === 0) return members.length === 0 ? only : undefined
  const [[key, value] = [], ...rest] = members
  return key === 'action' && rest.length === 0 ? actions.find((action) => action === value) : undefined
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function bodyOf(actions: readonly ManagementAction[]): string {
  if (actions.length === 1) return 'The body is {}.'
  return `The body is { "action": … } with one of ${actions.map((action) => `"${action}"`).join(', ')}.`
}

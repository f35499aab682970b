import type { ActionScope, FleetView, ManagementAction, ServiceView } from '@svcproxy/http'
import type { ActionOutcome, Deed } from './api.ts'
import { isMember, TOLD_LATER } from './fleet.ts'

// The texts of an operator's actions.

/** An action on a service, or with `service` null on all of them, that waits to be confirmed. */
export interface Intent {
  readonly action: ManagementAction
  readonly service: string | null
}

/** The texts of an action. */
interface ActionText {
  /** The label of the button. */
  readonly label: string
  /** The question; `subject` is the service, or all of them. */
  readonly question: (subject: string) => string
  /** What it does, and what that means for callers. */
  readonly effect: string
  /** The message after it was done. */
  readonly done: (subject: string) => string
  /** The text in the timeline. */
  readonly past: string
  /** Whether callers may notice. */
  readonly risky: boolean
}

/** Every action. */
export const ACTION_TEXT: Readonly<Record<ManagementAction, ActionText>> = {
  invalidate: {
    label: 'Invalidate cache',
    question: (subject) => `Invalidate the cache of ${subject}?`,
    effect: 'Its instance is never served again, not even as a fallback. The next request waits for a new one.',
    done: (subject) => `The cache of ${subject} is empty.`,
    past: 'cache invalidated',
    risky: false,
  },
  expire: {
    label: 'Expire cache',
    question: (subject) => `Expire the cache of ${subject}?`,
    effect: 'Its instance is stale from now on, and served only where the options allow stale ones.',
    done: (subject) => `The cache of ${subject} is stale.`,
    past: 'cache expired',
    risky: false,
  },
  reset: {
    label: 'Reset circuit',
    question: (subject) => `Reset the circuit of ${subject}?`,
    effect: 'It closes and resets its counts. All calls go through at once, whether the service has recovered or not.',
    done: (subject) => `The circuit of ${subject} was reset.`,
    past: 'circuit reset',
    risky: true,
  },
  isolate: {
    label: 'Isolate',
    question: (subject) => `Isolate ${subject}?`,
    effect: 'Its circuit is held open until it is released. Every call is rejected, or answered by a fallback.',
    done: (subject) => `${subject} is isolated.`,
    past: 'isolated',
    risky: true,
  },
  release: {
    label: 'Release',
    question: (subject) => `Release ${subject}?`,
    effect: 'Ends the isolation. Unless the application isolates it too, the circuit closes and calls go through.',
    done: (subject) => `${subject} is released.`,
    past: 'released',
    risky: true,
  },
  'health-check': {
    label: 'Run health check',
    question: (subject) => `Check the health of ${subject}?`,
    effect: 'Runs one health check. The circuit does not change.',
    done: (subject) => `The health of ${subject} was checked.`,
    past: 'health checked',
    risky: false,
  },
  'invalidate-all': {
    label: 'Invalidate all caches',
    question: () => 'Invalidate the caches of all services?',
    effect:
      'No cached instance is served again, not even as a fallback. Every service is loaded again at its next request.',
    done: () => 'All caches are empty.',
    past: 'all caches invalidated',
    risky: true,
  },
  'reset-all': {
    label: 'Reset all circuits',
    question: () => 'Reset the circuits of all services?',
    effect: 'They close and reset their counts. All calls go through at once. Isolated circuits stay isolated.',
    done: () => 'All circuits were reset.',
    past: 'all circuits reset',
    risky: true,
  },
}

/** The fleet that an action can be done in as a whole; null: it is for one process alone. */
export function fleetFor(action: ManagementAction, fleet: FleetView | null): FleetView | null {
  return isMember(fleet) && (action === 'invalidate' || action === 'invalidate-all') ? fleet : null
}

/** The label of the confirm button. `fleet`: set if the action can be done in several processes. */
export function confirmLabel(action: ManagementAction, scope: ActionScope, fleet: FleetView | null): string {
  if (fleet === null) return ACTION_TEXT[action].label
  if (scope === 'process') return 'Invalidate in this process'
  const { length } = fleet.members
  return `Invalidate in ${length > 1 ? `${length} processes` : 'the fleet'}`
}

/** The message about an action's outcome. `fleet`: the fleet of the process that did it. */
export function outcomeWords(
  { action, service }: Deed,
  outcome: ActionOutcome,
  fleet: FleetView | null,
): { readonly good: boolean; readonly words: string } {
  const subject = service ?? 'all services'
  const { label, done } = ACTION_TEXT[action]
  if (!outcome.done) return { good: false, words: `${label}, ${subject}: ${outcome.reason}` }
  const { healthy, fleet: told } = outcome
  if (healthy !== undefined) return { good: healthy, words: `${subject} is ${healthy ? 'healthy' : 'unhealthy'}.` }
  return { good: true, words: done(subject) + toldWords(told, fleet?.members.length ?? 0) }
}

function toldWords(told: 'sent' | 'queued' | undefined, members: number): string {
  if (told === undefined) return ''
  if (told === 'queued') return ` Queued: ${TOLD_LATER}`
  return members > 1 ? ` ${members} processes were told.` : ' The fleet was told.'
}

/** The actions that a service's state allows, in the order of the buttons. */
export function actionsFor({ circuit, stopped }: ServiceView): ManagementAction[] {
  if (stopped) return []
  if (circuit === null) return ['health-check', 'invalidate']
  if (circuit.state === 'isolated') return ['health-check', 'invalidate', ...held(circuit.heldByOperator)]
  return ['health-check', 'invalidate', 'reset', 'isolate']
}

/** What the application itself isolated, it alone releases. */
function held(heldByOperator: boolean): ManagementAction[] {
  return heldByOperator ? ['release'] : []
}

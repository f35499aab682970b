/** What a scenario has found. */
export interface Finding {
  readonly name: string
  readonly figure: number
  readonly unit: string
  /** Undefined: it is there to compare with. */
  readonly limit?: { readonly bound: 'at most' | 'at least' | 'exactly'; readonly value: number } | undefined
  /** A matter of time, which a busy machine or a short run says little about: `--quick` does not judge it. */
  readonly isSpeed?: boolean
  /** The spread, or what else belongs to it. */
  readonly note?: string
}

/** How a scenario is run. */
export interface Plan {
  /** Fewer processes, shorter outages. */
  readonly isQuick: boolean
  readonly seed: number
  /** Told on the way. */
  readonly say: (line: string) => void
}

/** Something that is measured. */
export interface Scenario {
  readonly name: string
  readonly title: string
  /** How its figures are made. */
  readonly how: string
  run(plan: Plan): Promise<readonly Finding[]>
}

export const atMost = (value: number): Finding['limit'] => ({ bound: 'at most', value })
export const atLeast = (value: number): Finding['limit'] => ({ bound: 'at least', value })
export const exactly = (value: number): Finding['limit'] => ({ bound: 'exactly', value })

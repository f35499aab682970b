/** One way of doing what a scenario measures, ready to run. */
export interface Subject {
  /** One operation. What it returns is awaited before the next one; a rejection is expected where the scenario is about one. */
  readonly run: () => unknown
  readonly dispose?: () => void | PromiseLike<void>
}

/** Makes a {@link Subject}. It imports its library itself, so that a process holds only the one it measures. */
export type Contender = () => Promise<Subject>

/** One thing that several libraries can do, and the name of each way of doing it. */
export interface Scenario {
  readonly id: string
  readonly title: string
  /** What the numbers mean to whoever reads them, in plain words. */
  readonly meaning: string
  readonly contenders: Readonly<Record<string, Contender>>
  /** The contender that the others are compared with in the tables. */
  readonly reference: string
  /** What is counted beside the time: what a call makes, or the instructions it takes. */
  readonly counted?: ReadonlyArray<'makings' | 'instructions'>
  /** Flags of Node for every contender that is timed, where they are needed to compare like with like. */
  readonly flags?: readonly string[]
  /** Each operation is timed by itself: it changes what the next one finds, or is too rare for a batch. */
  readonly timedSingly?: boolean
  /** An operation takes so much of the heap that a collection comes between: how much is not measured. */
  readonly isLarge?: boolean
}

// A process of a fleet: it does what the bench tells it, and ends when the bench does.
import { Member } from './member.ts'
import type { Orders, Question, Reply } from './orders.ts'

const member = new Member((hangsSince) => say({ hangsSince }))

process.on('message', (question: Question) => void answer(question))
process.on('disconnect', () => process.exit())
// At a terminal ^C reaches all processes; the bench ends this one.
process.on('SIGINT', () => {})

async function answer({ id, order, parts }: Question): Promise<void> {
  try {
    const work: (...parts: never[]) => unknown = member[order satisfies keyof Orders].bind(member)
    say({ id, answer: await Reflect.apply(work, undefined, parts) })
  } catch (error) {
    say({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
}

function say(reply: Reply): void {
  process.send?.(reply, () => {})
}

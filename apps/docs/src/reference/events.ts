// The reference of events, from the type that says what a proxy announces.
import ts from 'typescript'
import { commentBefore, sourceOf } from './source-text.ts'
import { table } from './table.ts'

const FILE = 'packages/core/src/observing/events.ts'

/** The page, in Markdown. */
export function eventsReference(): string {
  return [
    '# Events',
    'Made from the code. Listen with `proxy.on(type, listener)` or `proxy.onAny(listener)`, for all proxies with the same methods of the manager, or on the channel of `node:diagnostics_channel`. A listener runs synchronously. What it throws changes nothing and is published on `svcproxy:listener-error`.',
    'Each event has `type` and `service`, the name of the proxy. How to listen, and the tracing channels of calls and loads: [Watching](/packages/core.md#watching).',
    ...eventTypes().map(({ type, description, fields }) =>
      [
        `## ${type}`,
        description,
        ...(fields.length > 0 ? [table(['field', 'type'], fields)] : []),
        `Channel: \`svcproxy:${type}\`.`,
      ].join('\n\n'),
    ),
    '',
  ].join('\n\n')
}

interface EventType {
  readonly type: string
  readonly description: string
  readonly fields: string[][]
}

function eventTypes(): EventType[] {
  const source = sourceOf(FILE)
  const alias = source.statements.find(
    (statement): statement is ts.TypeAliasDeclaration =>
      ts.isTypeAliasDeclaration(statement) && statement.name.text === 'ServiceEvent',
  )
  if (alias === undefined || !ts.isUnionTypeNode(alias.type)) throw new Error(`${FILE}: no union ServiceEvent`)
  return alias.type.types.map((member, index, members) => {
    if (!ts.isTypeLiteralNode(member)) throw new Error(`${FILE}: an event is no object type`)
    const [type = '', ...fields] = member.members.filter(ts.isPropertySignature).map((field) => fieldOf(field, source))
    const before = index === 0 ? alias.type.pos : (members[index - 1]?.end ?? 0)
    return {
      type: type[1]?.replaceAll(/['`]/g, '') ?? '',
      description: commentBefore(source, before),
      fields: fields.filter(([name]) => name !== '`service`'),
    }
  })
}

function fieldOf(field: ts.PropertySignature, source: ts.SourceFile): string[] {
  const isOptional = field.questionToken !== undefined
  const name = `\`${field.name.getText(source)}\`${isOptional ? ', if there is one' : ''}`
  return [name, `\`${field.type?.getText(source)}\``]
}

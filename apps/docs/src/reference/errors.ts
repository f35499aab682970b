// The reference of errors: what the source says of their classes.
import { SvcproxyError } from '@svcproxy/core'
import ts from 'typescript'
import { commentBefore, sourceOf } from './source-text.ts'
import { table } from './table.ts'

const FILE = 'packages/core/src/errors.ts'

/** The page, in Markdown. */
export function errorsReference(): string {
  const rows = errorClasses().map(({ name, code, status, retryAfter }) => [
    `[\`${name}\`](#${name.toLowerCase()})`,
    `\`${code}\``,
    `${status}${retryAfter ? ' + `Retry-After`' : ''}`,
  ])
  return [
    '# Errors',
    'Made from the code. All of them extend `SvcproxyError`. `isSvcproxyError(error)` recognises them, from whichever copy of the package they come. Each has a `code`, and the `status` and `headers` that Express and Koa read. An error that a service throws is none of these: it reaches the caller unchanged.',
    table(['class', 'code', 'HTTP'], rows),
    ...errorClasses().map(({ name, description, fields }) =>
      [`## ${name}`, description, ...(fields.length > 0 ? [table(['field', 'meaning'], fields)] : [])].join('\n\n'),
    ),
    '## Which one, and what to do',
    'What an operator does about each: [the runbook](/operations/runbook.md). What a client of your application gets: [@svcproxy/http](/packages/http.md#errors).',
    '',
  ].join('\n\n')
}

interface ErrorClass {
  readonly name: string
  readonly code: string
  readonly description: string
  readonly status: number
  readonly retryAfter: boolean
  readonly fields: string[][]
}

function errorClasses(): ErrorClass[] {
  const source = sourceOf(FILE)
  return source.statements.filter(ts.isClassDeclaration).flatMap((declaration) => {
    const name = declaration.name?.text ?? ''
    const code = initializerOf(declaration, 'code', source)
    if (code === undefined) return []
    const fields = fieldsOf(declaration, source)
    return {
      name,
      code,
      description: commentBefore(source, declaration.pos),
      // The status is read of the prototype, which knows it by the code.
      status: Reflect.get(SvcproxyError.prototype, 'status', { code }),
      retryAfter: fields.some(([field]) => field === '`retryAfterMs`'),
      fields,
    }
  })
}

function initializerOf(declaration: ts.ClassDeclaration, name: string, source: ts.SourceFile): string | undefined {
  const property = declaration.members
    .filter(ts.isPropertyDeclaration)
    .find((member) => member.name.getText(source) === name)
  return property?.initializer?.getText(source).replaceAll("'", '')
}

/** What an error of this class has besides what all have. */
function fieldsOf(declaration: ts.ClassDeclaration, source: ts.SourceFile): string[][] {
  return declaration.members
    .filter((member) => ts.isPropertyDeclaration(member) || ts.isGetAccessor(member))
    .filter((member) => !ts.isPrivateIdentifier(member.name) && !['name', 'code'].includes(member.name.getText(source)))
    .map((member) => [`\`${member.name.getText(source)}\``, commentBefore(source, member.pos)])
}

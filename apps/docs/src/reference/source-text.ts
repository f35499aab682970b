import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { root } from '../sources.ts'

/** A file of the repository, parsed. */
export function sourceOf(file: string): ts.SourceFile {
  return ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.Latest)
}

/** The text of the comment that follows `position`, without its stars. */
export function commentBefore(source: ts.SourceFile, position: number): string {
  const ranges = ts.getLeadingCommentRanges(source.text, position) ?? []
  const comment = ranges.at(-1)
  if (comment === undefined) throw new Error(`${source.fileName}: nothing is said of what stands at ${position}`)
  return source.text
    .slice(comment.pos + '/**'.length, comment.end - '*/'.length)
    .replaceAll(/^\s*\*/gm, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
}

import { forgetPages, gather, withFrontmatter, writePage } from './gather.ts'
import { writeApiReference } from './reference/api.ts'
import { errorsReference } from './reference/errors.ts'
import { eventsReference } from './reference/events.ts'
import { metricsReference } from './reference/metrics.ts'

/** Makes all pages of the site, from an empty folder. */
export async function prepare(): Promise<void> {
  forgetPages()
  gather()
  writeMade('reference/errors.md', errorsReference())
  writeMade('reference/events.md', eventsReference())
  writeMade('reference/metrics.md', await metricsReference())
  await writeApiReference()
}

/** Writes a page that has no file to edit. */
function writeMade(page: string, markdown: string): void {
  writePage(page, withFrontmatter(markdown, ['editLink: false']))
}

const ESCAPE = '\u001b'
const TOKEN = new RegExp(String.raw`${ESCAPE}\[\??(\d*)[A-Za-z]|[\r\n]|[^${ESCAPE}\r\n]+`, 'g')

/** What a test writes where the window gets another width; a terminal is told so by other means. */
export function newWidth(columns: number): string {
  return `${ESCAPE}[${columns}t`
}

/** What a terminal shows after what was written: as much of one as a watch needs, with lines that wrap when it narrows. */
export function screenAfter(written: string): string {
  let rows: string[] = []
  let row = 0
  let line = ''
  for (const [token, figure = ''] of written.matchAll(TOKEN)) {
    if (token === '\n') {
      rows[row++] = line
      line = ''
    } else if (token === `${ESCAPE}[0J`) rows.length = row
    else if (token.startsWith(ESCAPE) && token.endsWith('A')) row -= Number(figure)
    else if (token.startsWith(ESCAPE) && token.endsWith('t')) {
      rows = rows.flatMap((text) => wrapped(text, Number(figure)))
      row = rows.length
    } else if (!token.startsWith(ESCAPE) && token !== '\r') line += token
  }
  return `${rows.join('\n')}\n`
}

function wrapped(text: string, columns: number): string[] {
  return text.length <= columns ? [text] : [text.slice(0, columns), ...wrapped(text.slice(columns), columns)]
}

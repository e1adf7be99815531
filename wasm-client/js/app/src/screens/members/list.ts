/** A list of people as somebody pastes it: out of a spreadsheet, a mail, a directory. */

/** One of the list. */
export interface Listed { user: string, name?: string }

/** `Ann Martin <ann@example.org>`. */
const ADDRESS = /^"?([^"<>]*?)"?\s*<([^<>\s]+)>$/

/** Reads one person a line: an id, alone or with a name behind a tab, a semicolon or a comma, or as in the head of a mail. */
export const readList = (text: string): Listed[] => {
  const found = new Map<string, Listed>()
  for (const line of text.split(/\r?\n/)) {
    const person = readLine(line.trim().replace(/[;,]+$/, ''))
    // Of several lines about somebody the last one counts, as at the server.
    if (person !== null) found.set(person.user, person)
  }
  return [...found.values()]
}

const readLine = (line: string): Listed | null => {
  const address = ADDRESS.exec(line)
  const [user = '', ...rest] = address === null ? line.split(/\t|;|,/) : [address[2]!, address[1]!]
  const id = unquoted(user)
  const name = unquoted(rest.find((part) => part.trim() !== '') ?? '')
  if (id === '') return null
  return { user: id, ...(name !== '' && { name }) }
}

const unquoted = (text: string): string => text.trim().replace(/^"(.*)"$/, '$1').trim()

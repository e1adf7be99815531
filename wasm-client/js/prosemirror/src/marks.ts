import { toBase64, encodeAny } from 'lib0/buffer'
import { digest } from 'lib0/hash/sha256'
import { Mark, type Schema } from 'prosemirror-model'
import { UNSUPPORTED_MARK } from './unsupported.js'

/** Formats of a shared text, as Yjs has them. */
export type Formats = Record<string, unknown>

const HASH_BYTES = 6
/** A mark that may stand several times on one text has its hash in the key. */
const HASHED_KEY = /^(.*)--[a-zA-Z0-9+/=]{8}$/

/** Folds a digest of the mark into eight letters, exactly as y-prosemirror does. */
const hashOf = (mark: Mark): string => {
  const bytes = digest(encodeAny(mark.toJSON()))
  for (let index = HASH_BYTES; index < bytes.length; index++) bytes[index % HASH_BYTES]! ^= bytes[index]!
  return toBase64(bytes.slice(0, HASH_BYTES))
}

/** The key of a mark among the formats of a shared text. */
export const keyOf = (mark: Mark): string => {
  if (mark.type.name === UNSUPPORTED_MARK) return mark.attrs.key
  return mark.type.excludes(mark.type) ? mark.type.name : `${mark.type.name}--${hashOf(mark)}`
}

const valueOf = (mark: Mark): unknown => mark.type.name === UNSUPPORTED_MARK ? mark.attrs.value : mark.attrs

export const formatsOf = (marks: readonly Mark[]): Formats =>
  Object.fromEntries(marks.map((mark) => [keyOf(mark), valueOf(mark)]))

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const known = (schema: Schema, key: string, value: unknown): Mark | null => {
  const type = schema.marks[HASHED_KEY.exec(key)?.[1] ?? key] ?? schema.marks[key]
  if (!type || type.name === UNSUPPORTED_MARK) return null
  try {
    return type.create(isRecord(value) ? value : null)
  } catch {
    // A required attribute is missing.
    return null
  }
}

/** The marks of formats; one that the schema does not know becomes an unsupported mark. */
export const marksOf = (schema: Schema, formats: Formats | undefined): readonly Mark[] => {
  let marks: readonly Mark[] = Mark.none
  for (const [key, value] of Object.entries(formats ?? {})) {
    // `ychange` is the version preview of y-prosemirror and never content.
    if (value === null || key === 'ychange') continue
    const mark = known(schema, key, value) ?? schema.marks[UNSUPPORTED_MARK]!.create({ key, value })
    marks = mark.addToSet(marks)
  }
  return marks
}

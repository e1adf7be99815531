import type * as Y from 'yjs'

/** Any shared type; Yjs has no narrower word for it. */
export type SharedType = Y.AbstractType<any>

/**
 * What a person may be told, truthful at every moment:
 *
 * - `offline`: no connection; the next attempt is due by itself.
 * - `connecting`, `syncing`: not yet in sync.
 * - `saving`: in sync, and the server has not yet said that some edit is durable.
 * - `saved`: in sync, and every edit is durable.
 * - `read-only`: in sync; edits are not taken now.
 * - `refused`: the server refuses this client, or an edit of it; another token may help.
 * - `failed`: closed for good.
 */
export type Status =
  'offline' | 'connecting' | 'syncing' | 'saving' | 'saved' | 'read-only' | 'refused' | 'failed'

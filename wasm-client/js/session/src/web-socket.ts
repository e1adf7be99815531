/** The part of the `WebSocket` class that is needed; `ws` for Node has it as well. */
export type WebSocketClass = new (url: string) => WebSocketLike

export interface WebSocketLike {
  binaryType: string
  readonly readyState: number
  onopen: ((event: never) => void) | null
  onmessage: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
  send: (data: Uint8Array<ArrayBuffer>) => void
  close: (code?: number, reason?: string) => void
}

/** `WebSocket.OPEN` */
export const OPEN = 1
/** The code of a connection that ended without one. */
export const ABNORMAL = 1006

/** Where the server is. Its entry script stands at `…/client/app.js`; a portal may say otherwise. */
let root = new URL('/', window.location.href)

/** The entry says it once, before any component is there. */
export const setRoot = (url: URL): void => { root = url }

/** The server's own address, with a `/` at its end. */
export const ownRoot = (): URL => root

//! Waiting for something to become true, with a deadline that says what never did.

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** Resolves as soon as `condition` holds; rejects naming `what` when it never does. */
export const until = async (condition, what, timeoutMs = 15_000, everyMs = 5) => {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    if (await condition()) return
    if (Date.now() > deadline) throw new Error(`never within ${timeoutMs} ms: ${typeof what === 'function' ? what() : what}`)
    await pause(everyMs)
  }
}

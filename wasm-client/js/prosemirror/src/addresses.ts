/** Schemes that a link of somebody else may have: none that runs code. */
const LINK_SCHEMES = new Set(['http:', 'https:', 'mailto:', 'tel:', 'ftp:', 'sms:'])
const IMAGE_DATA = /^data:image\/(png|jpeg|gif|webp|avif);/i

const schemeOf = (address: string): string | null => {
  // Browsers skip white space and control characters inside a scheme.
  const bare = address.replace(/[\u0000-\u0020\u007f-\u009f]/g, '')
  return /^([a-z][a-z0-9+.-]*:)/i.exec(bare)?.[1]?.toLowerCase() ?? null
}

/** The address where it may be followed; null where it could run code, or is none. */
export const safeLink = (address: unknown): string | null => {
  if (typeof address !== 'string' || address.trim() === '') return null
  const scheme = schemeOf(address)
  return scheme === null || LINK_SCHEMES.has(scheme) ? address.trim() : null
}

/** The address where it may be loaded as an image. */
export const safeImage = (address: unknown): string | null => {
  if (typeof address !== 'string' || address.trim() === '') return null
  const scheme = schemeOf(address)
  if (scheme === null || scheme === 'http:' || scheme === 'https:' || scheme === 'blob:') return address.trim()
  return IMAGE_DATA.test(address.trim()) ? address.trim() : null
}

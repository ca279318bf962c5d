/** Private keys as bare DER, which libpq takes too, put into the PEM envelope that the runtime needs. */

/** Where the contents of the element at `at` begin. */
const contents = (der: Uint8Array, at: number): number => {
  const first = der[at + 1] ?? 0
  return at + 2 + (first < 0x80 ? 0 : first & 0x7f)
}

/** The name of the envelope, by the first elements inside: a version, and what follows it. */
const labelOf = (der: Uint8Array): string => {
  const at = contents(der, 0)
  if (der[at] === 0x30) return "ENCRYPTED PRIVATE KEY"
  const behindVersion = contents(der, at) + (der[at + 1] ?? 0)
  if (der[behindVersion] === 0x30) return "PRIVATE KEY"
  return der[behindVersion] === 0x04 ? "EC PRIVATE KEY" : "RSA PRIVATE KEY"
}

/** The key in PEM. Bytes that are not a key are not changed: the runtime reports them. */
export const toPem = (der: Uint8Array): string => {
  const label = labelOf(der)
  const lines = base64(der).match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`
}

const base64 = (bytes: Uint8Array): string => {
  let binary = ""
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}

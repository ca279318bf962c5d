/**
 * Short ASCII text from bytes. One call of `String.fromCharCode` with all characters makes a flat string in about
 * 15 to 40 ns; the native decoders cost 55 ns whatever the length, and adding character by character 7 ns each.
 */

/** The longest text, in bytes, that `decode` takes. */
export const longest = 24

const text = String.fromCharCode

/** Text of the `length` bytes at `at`, or `undefined` when one of them is not ASCII. `length` is 0 to `longest`. */
export const decode = (bytes: Uint8Array, at: number, length: number): string | undefined => {
  if (length === 0) return ""
  const a = bytes[at]!
  let seen = a
  if (length === 1) return seen > 127 ? undefined : text(a)
  const b = bytes[at + 1]!
  seen |= b
  if (length === 2) return seen > 127 ? undefined : text(a, b)
  const c = bytes[at + 2]!
  seen |= c
  if (length === 3) return seen > 127 ? undefined : text(a, b, c)
  const d = bytes[at + 3]!
  seen |= d
  if (length === 4) return seen > 127 ? undefined : text(a, b, c, d)
  const e = bytes[at + 4]!
  seen |= e
  if (length === 5) return seen > 127 ? undefined : text(a, b, c, d, e)
  const f = bytes[at + 5]!
  seen |= f
  if (length === 6) return seen > 127 ? undefined : text(a, b, c, d, e, f)
  const g = bytes[at + 6]!
  seen |= g
  if (length === 7) return seen > 127 ? undefined : text(a, b, c, d, e, f, g)
  const h = bytes[at + 7]!
  seen |= h
  if (length === 8) return seen > 127 ? undefined : text(a, b, c, d, e, f, g, h)
  const i = bytes[at + 8]!
  seen |= i
  if (length === 9) return seen > 127 ? undefined : text(a, b, c, d, e, f, g, h, i)
  const j = bytes[at + 9]!
  seen |= j
  if (length === 10) return seen > 127 ? undefined : text(a, b, c, d, e, f, g, h, i, j)
  const k = bytes[at + 10]!
  seen |= k
  if (length === 11) return seen > 127 ? undefined : text(a, b, c, d, e, f, g, h, i, j, k)
  const l = bytes[at + 11]!
  seen |= l
  if (length === 12) return seen > 127 ? undefined : text(a, b, c, d, e, f, g, h, i, j, k, l)
  const m = bytes[at + 12]!
  seen |= m
  if (length === 13) return seen > 127 ? undefined : text(a, b, c, d, e, f, g, h, i, j, k, l, m)
  const n = bytes[at + 13]!
  seen |= n
  if (length === 14) return seen > 127 ? undefined : text(a, b, c, d, e, f, g, h, i, j, k, l, m, n)
  const o = bytes[at + 14]!
  seen |= o
  if (length === 15) return seen > 127 ? undefined : text(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o)
  const p = bytes[at + 15]!
  seen |= p
  if (length === 16) return seen > 127 ? undefined : text(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)
  const q = bytes[at + 16]!
  seen |= q
  if (length === 17) return seen > 127 ? undefined : text(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q)
  const r = bytes[at + 17]!
  seen |= r
  if (length === 18)
    return seen > 127 ? undefined : text(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r)
  const s = bytes[at + 18]!
  seen |= s
  if (length === 19)
    return seen > 127 ? undefined : text(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s)
  const t = bytes[at + 19]!
  seen |= t
  if (length === 20)
    return seen > 127 ? undefined : text(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t)
  const u = bytes[at + 20]!
  seen |= u
  if (length === 21)
    return seen > 127 ? undefined : text(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u)
  const v = bytes[at + 21]!
  seen |= v
  if (length === 22)
    return seen > 127 ? undefined : text(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v)
  const w = bytes[at + 22]!
  seen |= w
  if (length === 23)
    return seen > 127 ? undefined : text(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w)
  const x = bytes[at + 23]!
  seen |= x
  return seen > 127 ? undefined : text(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x)
}

/**
 * Domains: their base type under another OID. The server describes a column of a domain by the base type; the domain's own
 * OID shows in parameters, in arrays of the domain and inside composites.
 *
 * @see https://www.postgresql.org/docs/current/domains.html
 */
import type { Codec, Names } from "./Codec.js"

/** The codec of a domain over `base`'s type. What the domain's constraints forbid is refused by the server. */
export const over = <A>(names: Names, base: Codec<A>): Codec<A> => ({
  ...base,
  name: names.name,
  oid: names.oid,
  arrayOid: names.arrayOid
})

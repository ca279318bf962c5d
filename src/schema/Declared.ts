/** What the Schemas of built-in types are made with: the type, and a name for errors such as `number (int4)`. */
import * as Schema from "effect/Schema"
import * as Oids from "../model/Oid.js"
import * as PgType from "./PgType.js"

/** What a Schema says of itself in errors, such as `number (int4)`. */
export const titled = (noun: string, oid: number) => ({ title: `${noun} (${Oids.nameOf(oid)})` })

export const plain = <A, I>(oid: number, noun: string, schema: Schema.Schema<A, I>): Schema.Schema<A, I> =>
  PgType.annotate(schema.annotations(titled(noun, oid)), oid)

/** Values of a class, or of anything else that a guard knows. */
export const values = <A>(oid: number, noun: string, is: (value: unknown) => value is A): Schema.Schema<A> =>
  PgType.annotate(Schema.declare(is, { ...titled(noun, oid), pretty: () => String }), oid)

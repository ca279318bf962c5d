/** What the Schemas of built-in types are made with: the type, and a name for errors such as `number (int4)`. */
import * as Schema from "effect/Schema"
import * as Oids from "../model/Oid.js"
import type { Codec } from "../types/Codec.js"
import * as Registry from "../types/Registry.js"
import { GuardId } from "./Guard.js"
import * as PgType from "./PgType.js"

/** A Schema's name in errors, such as `number (int4)`. */
export const titled = (noun: string, oid: number) => ({ title: `${noun} (${Oids.nameOf(oid)})` })

/** The type, read by this codec, or else as the lossless preset does. */
export const read = <S extends Schema.Annotable.All>(
  oid: number,
  schema: S,
  codec: Codec | undefined = Registry.lossless.lookup(oid)
): Schema.Annotable.Self<S> => PgType.annotate(schema, codec ?? oid)

export const plain = <A, I>(
  oid: number,
  noun: string,
  schema: Schema.Schema<A, I>,
  codec?: Codec
): Schema.Schema<A, I> => read(oid, schema.annotations(titled(noun, oid)), codec)

/** Values of a class, or of anything else that a guard knows. */
export const values = <A>(
  oid: number,
  noun: string,
  is: (value: unknown) => value is A,
  codec?: Codec
): Schema.Schema<A> =>
  read(oid, Schema.declare(is, { ...titled(noun, oid), pretty: () => String, [GuardId]: is }), codec)

/**
 * Descriptions of tables and types, sent before the first change that needs them and again whenever they may have changed.
 *
 * @see https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html#PROTOCOL-LOGICALREP-MESSAGE-FORMATS-RELATION
 */
import * as Field from "../../Field.js"
import * as Payload from "../Payload.js"
import * as ReplicationField from "../ReplicationField.js"

/** What is known of a row that is updated or deleted: its key, nothing, all of it, or the columns of an index. */
export type ReplicaIdentity = "default" | "nothing" | "full" | "index"

const letters = { d: "default", n: "nothing", f: "full", i: "index" } as const
const letter = Field.oneOf<keyof typeof letters>(["d", "n", "f", "i"])
const identity: Field.Field<ReplicaIdentity> = {
  least: letter.least,
  read: (reader) => letters[letter.read(reader)],
  write: (writer, value) => letter.write(writer, value.charAt(0) as keyof typeof letters)
}

/** A column of a published table. */
export interface RelationColumn {
  /** Whether it belongs to the replica identity. */
  readonly key: boolean
  readonly name: string
  /** OID of the type; of a domain itself, not of what it is over. */
  readonly typeOid: number
  /** `atttypmod`; −1 for none. */
  readonly typeModifier: number
}

/** Byte `R`. */
export interface RelationMessage {
  readonly _tag: "Relation"
  readonly xid: number | undefined
  readonly id: number
  /** Empty for `pg_catalog`. */
  readonly namespace: string
  readonly name: string
  readonly identity: ReplicaIdentity
  /** In the order of tuples; without dropped columns and without those that are not published. */
  readonly columns: ReadonlyArray<RelationColumn>
}
export const RelationMessage = Payload.streamed<RelationMessage>("Relation", "R", {
  id: Field.uint32,
  namespace: Field.cstring,
  name: Field.cstring,
  identity,
  columns: Field.array16(
    Field.struct<RelationColumn>({
      key: ReplicationField.flag,
      name: Field.cstring,
      typeOid: Field.uint32,
      typeModifier: Field.int32
    })
  )
})

/** Byte `Y`: a type that was not there from the beginning. */
export interface Type {
  readonly _tag: "Type"
  readonly xid: number | undefined
  readonly oid: number
  /** Empty for `pg_catalog`. Of a domain, where the type it is over lives. */
  readonly namespace: string
  /** Of a domain, the name of the type it is over. */
  readonly name: string
}
export const Type = Payload.streamed<Type>("Type", "Y", {
  oid: Field.uint32,
  namespace: Field.cstring,
  name: Field.cstring
})

import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import type * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import fc from "fast-check"
import type { PgClientError, PgClientService } from "../../src/client/PgClient.js"
import type { PgConnection } from "../../src/connection/PgConnection.js"
import { Numeric } from "../../src/model/Numeric.js"
import type { PgSessionError } from "../../src/model/PgError.js"
import { PgMacAddress } from "../../src/model/PgMacAddress.js"
import { PgRange } from "../../src/model/PgRange.js"
import type { PgTimestampTz } from "../../src/model/PgTimestampTz.js"
import type { Statement } from "../../src/model/Statement.js"
import * as PgSchema from "../../src/PgSchema.js"
import type { ObjectRow } from "../../src/types/RowShape.js"

const { Bytea, Int4, Int8, Text, Uuid } = PgSchema

describe("a Schema of a type", () => {
  it("takes the values of the type and no others", () => {
    const takes = (schema: Schema.Schema.AnyNoContext, value: unknown) => Schema.is(schema)(value)
    for (const [schema, yes, no] of [
      [PgSchema.Int2, 32767, 32768],
      [Int4, -2147483648, 1.5],
      [Int8, 2n ** 63n - 1n, 2n ** 63n],
      [PgSchema.Oid, 4294967295, -1],
      [PgSchema.Xid8, 2n ** 64n - 1n, -1n],
      [PgSchema.Float8, NaN, 1n],
      [PgSchema.Numeric, Numeric.NaN, 1],
      [Uuid, "A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99"],
      [PgSchema.Macaddr, new PgMacAddress("08:00:2b:01:02:03"), new PgMacAddress("08:00:2b:01:02:03:04:05")],
      [PgSchema.Macaddr8, new PgMacAddress("08:00:2b:01:02:03:04:05"), "08:00:2b:01:02:03:04:05"],
      [PgSchema.Int4range, PgRange.make(1, null), PgRange.make(1n, null)],
      [PgSchema.Int4range, PgRange.empty, null],
      [PgSchema.array(Int4), [1], [null]],
      [PgSchema.array(Int4), [], [[1]]],
      [PgSchema.anyArray(Int4), [[1, null]], [["1"]]],
      [PgSchema.AnyText, "", null]
    ] as const) {
      assert.deepStrictEqual([takes(schema, yes), takes(schema, no)], [true, false], String(schema))
    }
  })

  it("is called by its values and its type", () => {
    assert.deepStrictEqual(
      [
        Int4,
        PgSchema.TimestampTz,
        PgSchema.Jsonb,
        PgSchema.Int4range,
        PgSchema.anyArray(Text),
        PgSchema.asText(PgSchema.Inet)
      ].map(String),
      [
        "number (int4)",
        "PgTimestampTz (timestamptz)",
        "JSON (jsonb)",
        "PgRange (int4range)",
        "array of string (text)",
        "string (inet)"
      ]
    )
  })

  it("compares and prints values as they do themselves", () => {
    const tenth = Option.getOrThrow(Numeric.fromText("0.1"))
    const same = Option.getOrThrow(Numeric.fromText("0.10"))
    assert.isTrue(Equal.equals(tenth, same) && Schema.equivalence(PgSchema.Numeric)(tenth, same))
    assert.isTrue(Schema.equivalence(Bytea)(Uint8Array.of(1, 2), Uint8Array.of(1, 2)))
    assert.isFalse(Schema.equivalence(Bytea)(Uint8Array.of(1, 2), Uint8Array.of(1, 3)))
    assert.isFalse(Schema.equivalence(Bytea)(Uint8Array.of(1, 2), Uint8Array.of(1)))
  })

  it("makes whole numbers within its range for property tests", () => {
    const Made = Schema.Tuple(Int4, Int8, Uuid)
    fc.assert(fc.property(Arbitrary.make(Made), (made) => Schema.is(Made)(made)))
  })
})

describe("the types of rows through a Schema", () => {
  class User extends Schema.Class<User>("User")({ id: Int4, at: PgSchema.TimestampTz }) {}
  type Pg = PgClientService
  const asked = <A>(_make: (pg: Pg, connection: PgConnection, statement: Statement) => A): A | undefined =>
    undefined as A | undefined

  it("are the Schema's, from the client and from a connection", () => {
    const Row = Schema.Struct({ n: Schema.NullOr(Int8), list: PgSchema.array(Int4) })
    const users = asked((pg, _, statement) => pg.query(statement, User, { timeout: "1 second" }))
    expectTypeOf(users!).toEqualTypeOf<Effect.Effect<ReadonlyArray<User>, PgClientError>>()
    const rows = asked((_, connection, statement) => connection.query(statement, Row))
    expectTypeOf(rows!).toEqualTypeOf<
      Effect.Effect<
        ReadonlyArray<{ readonly n: bigint | null; readonly list: ReadonlyArray<number> }>,
        PgSessionError
      >
    >()
    const streamed = asked((pg, _, statement) => pg.stream(statement, User, { fetchSize: 10 }))
    expectTypeOf(streamed!).toEqualTypeOf<Stream.Stream<User, PgClientError>>()
    const _result = asked((pg, _, statement) => pg.execute(statement, User))
    expectTypeOf<Effect.Effect.Success<NonNullable<typeof _result>>["rows"]>().toEqualTypeOf<
      ReadonlyArray<User>
    >()
    expectTypeOf<User["at"]>().toEqualTypeOf<PgTimestampTz>()
  })

  it("are the server's values without one", () => {
    const plain = asked((pg, _, statement) => pg.query(statement))
    expectTypeOf(plain!).toEqualTypeOf<Effect.Effect<ReadonlyArray<ObjectRow>, PgClientError>>()
    const options = asked((pg, _, statement) => pg.stream(statement, { fetchSize: 10 }))
    expectTypeOf(options!).toEqualTypeOf<Stream.Stream<ObjectRow, PgClientError>>()
  })

  it("require what the Schema requires", () => {
    const Needy = Schema.Struct({ n: Int4 }) as unknown as Schema.Schema<{ n: number }, { n: number }, "need">
    const needy = asked((pg, _, statement) => pg.query(statement, Needy))
    expectTypeOf(needy!).toEqualTypeOf<Effect.Effect<ReadonlyArray<{ n: number }>, PgClientError, "need">>()
    const streamed = asked((pg, _, statement) => pg.stream(statement, Needy))
    expectTypeOf(streamed!).toEqualTypeOf<Stream.Stream<{ n: number }, PgClientError, "need">>()
  })
})

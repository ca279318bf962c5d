import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import fc from "fast-check"
import * as HostList from "../../src/net/HostList.js"

describe("the addresses of a host", () => {
  it.effect("are where its name leads, or what was given in its place (CON-012, CON-016, CON-017)", () =>
    Effect.gen(function* () {
      const resolve = (name: string) => Effect.succeed([`${name}!`])
      const of = (host: string, hostaddr?: string) =>
        HostList.addressesOf({ host, port: 7, ...(hostaddr === undefined ? {} : { hostaddr }) }, resolve)
      assert.deepStrictEqual(yield* of("db"), [{ _tag: "Tcp", host: "db!", port: 7 }])
      assert.deepStrictEqual(yield* of(""), [{ _tag: "Tcp", host: "localhost!", port: 7 }])
      assert.deepStrictEqual(yield* of("db", "192.0.2.1"), [{ _tag: "Tcp", host: "192.0.2.1", port: 7 }])
      assert.deepStrictEqual(yield* of("/run/pg/"), [{ _tag: "Unix", path: "/run/pg/.s.PGSQL.7" }])
      assert.deepStrictEqual(yield* of("@pg"), [{ _tag: "Unix", path: "@pg/.s.PGSQL.7" }])
      assert.deepStrictEqual(yield* of("/"), [{ _tag: "Unix", path: "/.s.PGSQL.7" }])
    })
  )

  it.effect("need no looking up when they are numbers", () =>
    Effect.gen(function* () {
      for (const address of ["127.0.0.1", "::1", "fe80::1%lo"]) {
        assert.deepStrictEqual(yield* HostList.lookup(address), [address])
      }
    })
  )
})

describe("an order of chance", () => {
  it("holds the same values, whatever the bytes (CON-116)", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer(), { maxLength: 20 }),
        fc.infiniteStream(fc.nat(255)),
        (values, stream) => {
          const random = new Uint8Array(HostList.shuffleBytes(values.length)).map(
            () => stream.next().value as number
          )
          assert.sameMembers([...HostList.shuffle(values, random)], values)
        }
      )
    )
  })

  it("reaches every order of three (CON-116)", () => {
    const seen = new Set<string>()
    for (let first = 0; first < 6; first++) {
      for (let second = 0; second < 6; second++) {
        const random = new Uint8Array(12)
        random[7] = first
        random[11] = second
        seen.add(HostList.shuffle(["a", "b", "c"], random).join(""))
      }
    }
    assert.strictEqual(seen.size, 6)
  })
})

import { assert, describe, it, vi } from "@effect/vitest"
import * as Either from "effect/Either"
import fc from "fast-check"
import { createHash } from "node:crypto"
import * as Md5 from "../../src/auth/Md5.js"

const hex = (...parts: ReadonlyArray<Uint8Array>) =>
  createHash("md5").update(Buffer.concat(parts)).digest("hex")
const salt = Uint8Array.of(1, 2, 3, 4)

describe("Md5", () => {
  it("answers what md5sum gives for the same bytes (AUT-011, AUT-012)", () => {
    // printf pu | md5sum; then (printf <that>; printf '\1\2\3\4') | md5sum
    assert.strictEqual(Either.getOrThrow(Md5.answer("u", "p", salt)), "md5facdc455923b0a58efea84a6d9ee0e76")
  })

  it("hashes password and user as UTF-8 (AUT-009, AUT-012, A16)", () => {
    const inner = hex(Buffer.from([0xc3, 0xa4, 0xe2, 0x82, 0xac]), Buffer.from([0xc3, 0xb6, 0x75]))
    const outer = hex(Buffer.from(inner), Buffer.from(salt))
    assert.strictEqual(Either.getOrThrow(Md5.answer("öu", "ä€", salt)), `md5${outer}`)
  })

  it("takes a password that is bytes as it is (AUT-009)", () => {
    const password = Uint8Array.of(0xff, 0xfe, 0x41)
    const outer = hex(Buffer.from(hex(password, Buffer.from("u"))), Buffer.from(salt))
    assert.strictEqual(Either.getOrThrow(Md5.answer("u", password, salt)), `md5${outer}`)
  })

  it("is 35 characters whatever goes in (AUT-011)", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme" }),
        fc.string(),
        fc.uint8Array({ minLength: 4, maxLength: 4 }),
        (user, password, salt) => {
          assert.match(Either.getOrThrow(Md5.answer(user, password, salt)), /^md5[0-9a-f]{32}$/)
        }
      )
    )
  })

  it.each([0, 3, 5, 16])("refuses %i bytes of salt (AUT-004)", (size) => {
    const answer = Md5.answer("u", "p", new Uint8Array(size))
    assert.strictEqual(
      Either.match(answer, { onLeft: ({ reason }) => reason, onRight: () => "" }),
      "server-unproven"
    )
  })

  it("explains what to do where the runtime has no MD5 (AUT-013)", async () => {
    vi.resetModules()
    vi.doMock("node:crypto", () => ({
      createHash: () => {
        throw new Error("error:0308010C:digital envelope routines::unsupported")
      }
    }))
    const { answer } = await import("../../src/auth/Md5.js")
    vi.doUnmock("node:crypto")
    // Other files of this worker share its modules.
    vi.resetModules()
    const refused = Either.getOrThrow(Either.flip(answer("u", "secret", salt)))
    assert.strictEqual(refused.reason, "method-unsupported")
    assert.match(refused.detail, /FIPS/)
    assert.notMatch(refused.detail, /secret/)
  })
})

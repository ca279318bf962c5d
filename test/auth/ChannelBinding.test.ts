import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import fc from "fast-check"
import { createHash } from "node:crypto"
import * as ChannelBinding from "../../src/auth/ChannelBinding.js"
import * as Scram from "../../src/auth/Scram.js"
import * as SignatureHash from "../../src/auth/SignatureHash.js"
import * as Certificates from "./certificates.js"

const nameOf = (result: ReturnType<typeof SignatureHash.ofOid>): string =>
  Either.match(result, { onLeft: ({ reason }) => reason, onRight: (name) => name })

describe("ChannelBinding", () => {
  it.each([
    ["ECDSA with SHA-384 (AUT-041, TRP-026)", Certificates.ecdsaSha384, "sha384"],
    ["ECDSA with SHA-256", Certificates.ecdsaSha256, "sha256"],
    ["RSA with SHA-1, replaced by SHA-256 (AUT-041)", Certificates.rsaSha1, "sha256"],
    ["RSASSA-PSS with SHA-256 (AUT-043)", Certificates.rsaPssSha256, "sha256"],
    ["RSASSA-PSS with SHA-384 (AUT-043)", Certificates.rsaPssSha384, "sha384"],
    ["RSASSA-PSS with SHA-512 (AUT-043)", Certificates.rsaPssSha512, "sha512"],
    [
      "RSASSA-PSS with its default SHA-1, replaced by SHA-256 (AUT-041, AUT-043)",
      Certificates.rsaPssDefault,
      "sha256"
    ]
  ])("hashes the certificate by its own signature's hash: %s (AUT-040)", (_, der, hash) => {
    const gs2 = Either.getOrThrow(ChannelBinding.endPointOf(der))
    assert.strictEqual(gs2.header, "p=tls-server-end-point,,")
    assert.deepStrictEqual(gs2.data, new Uint8Array(createHash(hash).update(der).digest()))
  })

  it("refuses Ed25519 and never binds to nothing (AUT-042, TRP-027, A08)", () => {
    const refused = Either.getOrThrow(Either.flip(ChannelBinding.endPointOf(Certificates.ed25519)))
    assert.strictEqual(refused.reason, "method-refused")
    assert.match(refused.detail, /Ed25519/)
  })

  it("refuses every certificate that is cut short (AUT-043)", () => {
    // Up to the signature itself: only what comes before it is read.
    for (let length = 0; length < Certificates.ecdsaSha384.length; length++) {
      const cut = Certificates.ecdsaSha384.subarray(0, length)
      assert.isTrue(Either.isLeft(ChannelBinding.endPointOf(cut)), `${length}`)
    }
  })

  it("answers for any bytes without throwing (AUT-043)", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        assert.isTrue(Either.isEither(ChannelBinding.endPointOf(bytes)))
      })
    )
    fc.assert(
      fc.property(fc.nat(80), fc.nat(255), (at, value) => {
        const bytes = Certificates.rsaPssSha256.slice()
        bytes[at] = value
        assert.isTrue(Either.isEither(ChannelBinding.endPointOf(bytes)))
      })
    )
  })

  it("puts the header's text before the raw hash (AUT-023)", () => {
    const input = ChannelBinding.input(ChannelBinding.endPoint(Uint8Array.of(0, 1, 255)))
    assert.strictEqual(Buffer.from(input).toString("latin1"), "p=tls-server-end-point,,\x00\x01\xff")
    assert.strictEqual(Buffer.from(ChannelBinding.input(ChannelBinding.unsupported)).toString(), "n,,")
    assert.strictEqual(Buffer.from(ChannelBinding.input(ChannelBinding.notOffered)).toString(), "y,,")
  })

  it("carries the certificate's hash in the last SCRAM message (AUT-023, AUT-040)", () => {
    const gs2 = Either.getOrThrow(ChannelBinding.endPointOf(Certificates.ecdsaSha384))
    const first = Scram.clientFirst({ nonce: "abc", gs2 })
    const { state } = Either.getOrThrow(Scram.serverFirst(first.state, "r=abcdef,s=c2FsdA==,i=1"))
    const attribute = /^c=([^,]+),/.exec(Scram.clientFinal(state, new Uint8Array(32)).message)![1]!
    const digest = createHash("sha384").update(Certificates.ecdsaSha384).digest()
    assert.deepStrictEqual(
      Buffer.from(attribute, "base64"),
      Buffer.concat([Buffer.from("p=tls-server-end-point,,"), digest])
    )
  })
})

describe("SignatureHash", () => {
  it.each([
    ["1.2.840.113549.1.1.4", "sha256"],
    ["1.2.840.113549.1.1.5", "sha256"],
    ["1.2.840.113549.1.1.14", "sha224"],
    ["1.2.840.113549.1.1.11", "sha256"],
    ["1.2.840.113549.1.1.12", "sha384"],
    ["1.2.840.113549.1.1.13", "sha512"],
    ["1.2.840.10045.4.1", "sha256"],
    ["1.2.840.10045.4.3.1", "sha224"],
    ["1.2.840.10045.4.3.2", "sha256"],
    ["1.2.840.10045.4.3.3", "sha384"],
    ["1.2.840.10045.4.3.4", "sha512"],
    ["2.16.840.1.101.3.4.3.2", "sha256"]
  ])("takes %s for %s (AUT-041)", (oid, hash) => {
    assert.strictEqual(nameOf(SignatureHash.ofOid(oid)), hash)
  })

  it.each(["1.3.101.112", "1.3.101.113", "1.2.3.4", "", "constructor", "__proto__"])(
    "guesses no hash for %j (AUT-042, TRP-027)",
    (oid) => {
      assert.strictEqual(nameOf(SignatureHash.ofOid(oid)), "method-refused")
    }
  )

  it("names only functions the runtime has", () => {
    for (const last of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) {
      const name = nameOf(SignatureHash.ofOid(`2.16.840.1.101.3.4.2.${last}`))
      assert.isAbove(createHash(name).update("").digest().length, 27)
    }
  })
})

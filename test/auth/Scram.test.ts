import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import fc from "fast-check"
import { createHash, createHmac, pbkdf2Sync } from "node:crypto"
import { readFileSync } from "node:fs"
import * as ChannelBinding from "../../src/auth/ChannelBinding.js"
import * as Scram from "../../src/auth/Scram.js"

const sha256 = (data: Uint8Array) => createHash("sha256").update(data).digest()
const hmac = (key: Uint8Array, data: string | Uint8Array) => createHmac("sha256", key).update(data).digest()
const salted = (password: string | Uint8Array, { iterations, salt }: Scram.Derivation) =>
  new Uint8Array(pbkdf2Sync(password, salt, iterations, 32, "sha256"))

/** A SCRAM server of its own: it knows what PostgreSQL stores and shares no code with the client. */
const server = (password: Uint8Array, salt: Buffer, iterations: number) => {
  const saltedPassword = pbkdf2Sync(password, salt, iterations, 32, "sha256")
  const storedKey = sha256(hmac(saltedPassword, "Client Key"))
  const serverKey = hmac(saltedPassword, "Server Key")
  let challenge = ""
  let firstBare = ""
  let header = ""
  return {
    first(message: string): string {
      const [, gs2, bare, nonce] = /^((?:p=[a-z-]+|n|y),,)(n=[^,]*,r=([^,]+))$/.exec(message)!
      header = gs2!
      firstBare = bare!
      challenge = `r=${nonce}%serverpart,s=${salt.toString("base64")},i=${iterations}`
      return challenge
    },
    final(message: string, binding: Buffer): string {
      const [, withoutProof, c, , p] = /^(c=([^,]+),r=([^,]+)),p=([^,]+)$/.exec(message)!
      assert.strictEqual(c, Buffer.concat([Buffer.from(header), binding]).toString("base64"))
      const signed = `${firstBare},${challenge},${withoutProof}`
      const signature = hmac(storedKey, signed)
      const clientKey = Buffer.from(p!, "base64").map((byte, at) => byte ^ signature[at]!)
      return sha256(clientKey).equals(storedKey)
        ? `v=${hmac(serverKey, signed).toString("base64")}`
        : "e=invalid-proof"
    }
  }
}

const nonce = "rOprNGfwEbeRWgbNEkqO"
const open = () => Scram.clientFirst({ nonce, gs2: ChannelBinding.unsupported }).state
const good = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"

const refusal = <A>(result: Either.Either<A, { readonly reason: string; readonly detail: string }>) =>
  Either.match(result, { onLeft: ({ reason }) => reason, onRight: () => "accepted" })

const proved = () => {
  const { derive, state } = Either.getOrThrow(Scram.serverFirst(open(), good))
  return Scram.clientFinal(state, salted("pencil", derive)).state
}

describe("Scram", () => {
  it("reproduces the exchange printed in RFC 7677 (AUT-016, AUT-022, AUT-023, AUT-024, AUT-031)", () => {
    const first = Scram.clientFirst({ nonce, gs2: ChannelBinding.unsupported, user: "user" })
    assert.strictEqual(first.message, "n,,n=user,r=rOprNGfwEbeRWgbNEkqO")
    const { derive, state } = Either.getOrThrow(Scram.serverFirst(first.state, good))
    assert.strictEqual(derive.iterations, 4096)
    assert.strictEqual(Buffer.from(derive.salt).toString("base64"), "W22ZaJ0SNY7soEsUEjb6gQ==")
    const final = Scram.clientFinal(state, salted("pencil", derive))
    assert.strictEqual(
      final.message,
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    )
    const verdict = Scram.serverFinal(final.state, "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
    assert.isTrue(Either.isRight(verdict))
  })

  it("sends the user name empty unless one is given, and escapes one that is (AUT-016)", () => {
    assert.strictEqual(
      Scram.clientFirst({ nonce: "abc", gs2: ChannelBinding.unsupported }).message,
      "n,,n=,r=abc"
    )
    const named = Scram.clientFirst({ nonce: "abc", gs2: ChannelBinding.notOffered, user: "a=b,c=d" })
    assert.strictEqual(named.message, "y,,n=a=3Db=2Cc=3Dd,r=abc")
  })

  it("makes a nonce of 18 bytes that is printable and free of commas (AUT-017)", () => {
    assert.strictEqual(Scram.nonceSize, 18)
    assert.match(Scram.nonce(Uint8Array.from({ length: 18 }, (_, at) => at * 14)), /^[A-Za-z0-9+/]{24}$/)
  })

  it.each([
    ["n,,", ChannelBinding.unsupported, "biws"],
    ["y,,", ChannelBinding.notOffered, "eSws"],
    [
      "p=tls-server-end-point,,",
      ChannelBinding.endPoint(Uint8Array.of(0, 255, 10)),
      Buffer.from("p=tls-server-end-point,,\x00\xff\x0a", "latin1").toString("base64")
    ]
  ])("repeats the header %s and the bound bytes in the last message (AUT-018, AUT-023)", (header, gs2, c) => {
    const first = Scram.clientFirst({ nonce, gs2 })
    assert.isTrue(first.message.startsWith(`${header}n=,r=`))
    const { state } = Either.getOrThrow(Scram.serverFirst(first.state, good))
    assert.isTrue(Scram.clientFinal(state, new Uint8Array(32)).message.startsWith(`c=${c},r=`))
  })

  it("agrees with an independent server for any password, salt and binding (AUT-022, AUT-024, AUT-025)", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme", maxLength: 30 }),
        fc.uint8Array({ minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 50 }),
        fc.option(fc.uint8Array({ minLength: 32, maxLength: 64 }), { nil: undefined }),
        (password, salt, iterations, hash) => {
          const secret = Buffer.from(password)
          const peer = server(secret, Buffer.from(salt), iterations)
          const gs2 = hash === undefined ? ChannelBinding.unsupported : ChannelBinding.endPoint(hash)
          const first = Scram.clientFirst({ nonce, gs2 })
          const { derive, state } = Either.getOrThrow(
            Scram.serverFirst(first.state, peer.first(first.message))
          )
          const final = Scram.clientFinal(state, salted(secret, derive))
          const answer = peer.final(final.message, Buffer.from(hash ?? []))
          assert.isTrue(Either.isRight(Scram.serverFinal(final.state, answer)))

          const wrong = Scram.clientFinal(state, salted(Buffer.concat([secret, Buffer.from("x")]), derive))
          assert.strictEqual(peer.final(wrong.message, Buffer.from(hash ?? [])), "e=invalid-proof")
          assert.strictEqual(refusal(Scram.serverFinal(wrong.state, answer)), "server-unproven")
        }
      ),
      { numRuns: 150 }
    )
  })

  it("signs in with stored keys in place of a password (AUT-029)", () => {
    const { derive, state } = Either.getOrThrow(Scram.serverFirst(open(), good))
    const keys = Scram.keysOf(salted("pencil", derive))
    assert.deepStrictEqual(
      Scram.clientFinalWithKeys(state, keys),
      Scram.clientFinal(state, salted("pencil", derive))
    )
  })

  it("reads a stored key only as 32 bytes in base64 (AUT-029)", () => {
    const key = Uint8Array.from({ length: 32 }, (_, at) => at)
    const text = Buffer.from(key).toString("base64")
    assert.deepStrictEqual(Either.getOrThrow(Scram.parseKey("scram_client_key", text)), key)
    for (const bad of ["", text.slice(0, -4), `${text}AAAA`, text.replace("=", "*"), ` ${text}`]) {
      assert.isTrue(Either.isLeft(Scram.parseKey("scram_client_key", bad)), bad)
    }
  })

  describe("refuses a first message of the server", () => {
    it.each([
      [
        "without our nonce in front (AUT-020, AUT-074, TRP-031, A04)",
        "r=xOprNGfwEbeRWgbNEkqOabc,s=c2FsdA==,i=4096"
      ],
      ["with our nonce and nothing more (AUT-020, AUT-074, A04)", `r=${nonce},s=c2FsdA==,i=4096`],
      ["with part of our nonce (AUT-074, A04)", `r=${nonce.slice(0, -1)},s=c2FsdA==,i=4096`],
      ["with a space in the nonce (AUT-020, A04)", `r=${nonce} x,s=c2FsdA==,i=4096`],
      ["with a control character in the nonce (A04)", `r=${nonce}\x07,s=c2FsdA==,i=4096`],
      ["with letters beyond ASCII in the nonce (A04)", `r=${nonce}é,s=c2FsdA==,i=4096`],
      ["with a nonce beyond measure (A04)", `r=${nonce}${"x".repeat(2000)},s=c2FsdA==,i=4096`],
      ["with a zero byte (AUT-028)", `r=${nonce}x,s=c2FsdA==,i=4096\0`],
      ["with attributes in another order (AUT-020)", `s=c2FsdA==,r=${nonce}x,i=4096`],
      ["with attributes behind the count (AUT-020)", `r=${nonce}x,s=c2FsdA==,i=4096,x=1`],
      ["with a comma behind the count (AUT-020)", `r=${nonce}x,s=c2FsdA==,i=4096,`],
      ["without salt (A06)", `r=${nonce}x,i=4096`],
      ["with empty salt (AUT-020, A06)", `r=${nonce}x,s=,i=4096`],
      ["with salt that is not base64 (AUT-020, A06)", `r=${nonce}x,s=c2Fs*A==,i=4096`],
      ["with salt that is base64 without padding (AUT-020, A06)", `r=${nonce}x,s=c2FsdA,i=4096`],
      ["with salt that has stray bits (AUT-020, A06)", `r=${nonce}x,s=c2FsdB==,i=4096`],
      ["with salt of a kilobyte and more (A06)", `r=${nonce}x,s=${"AAAA".repeat(342)},i=4096`],
      ["without a count", `r=${nonce}x,s=c2FsdA==`],
      ["with the count 0 (AUT-020, A05)", `r=${nonce}x,s=c2FsdA==,i=0`],
      ["with the count −1 (AUT-020, A05)", `r=${nonce}x,s=c2FsdA==,i=-1`],
      ["with a signed count (AUT-020)", `r=${nonce}x,s=c2FsdA==,i=+4096`],
      ["with a count and a space (AUT-020)", `r=${nonce}x,s=c2FsdA==,i= 4096`],
      ["with a count and garbage (AUT-020)", `r=${nonce}x,s=c2FsdA==,i=4096x`],
      ["with a count in hexadecimal (AUT-020)", `r=${nonce}x,s=c2FsdA==,i=0x1000`],
      ["with a fractional count (AUT-020)", `r=${nonce}x,s=c2FsdA==,i=4096.0`],
      ["with no digits in the count (AUT-020, A05)", `r=${nonce}x,s=c2FsdA==,i=`],
      ["with a count beyond any integer (A05)", `r=${nonce}x,s=c2FsdA==,i=99999999999999999999`],
      ["that is empty", ""]
    ])("%s", (_, text) => {
      assert.strictEqual(refusal(Scram.serverFirst(open(), text)), "server-unproven")
    })

    it("with a mandatory extension, and names the extension (AUT-020)", () => {
      const refused = Either.getOrThrow(Either.flip(Scram.serverFirst(open(), `m=ext,${good}`)))
      assert.match(refused.detail, /extension/)
    })

    it("with more iterations than allowed, before anything is derived (AUT-021, AUT-075, TRP-021, A05)", () => {
      for (const count of [100_001, 1_000_000_000, 2_147_483_647]) {
        const text = `r=${nonce}x,s=c2FsdA==,i=${count}`
        assert.strictEqual(refusal(Scram.serverFirst(open(), text)), "method-refused")
      }
    })

    it("with a count outside bounds set by the application (AUT-021, A05)", () => {
      const bounds = { minIterations: 4096, maxIterations: 5_000_000 }
      const ask = (count: number) =>
        refusal(Scram.serverFirst(open(), `r=${nonce}x,s=c2FsdA==,i=${count}`, bounds))
      assert.deepStrictEqual([4095, 4096, 5_000_000, 5_000_001].map(ask), [
        "method-refused",
        "accepted",
        "accepted",
        "method-refused"
      ])
    })
  })

  it("takes few iterations, as libpq does, up to the ceiling (AUT-021, TRP-022)", () => {
    for (const count of [1, 2, 1024, 4096, 100_000]) {
      const text = `r=${nonce}x,s=c2FsdA==,i=${count}`
      assert.strictEqual(refusal(Scram.serverFirst(open(), text)), "accepted")
    }
  })

  describe("refuses a last message of the server", () => {
    const signature = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
    it.each([
      [
        "with a wrong signature (AUT-025, AUT-073, TRP-030, A03)",
        `v=${Buffer.alloc(32, 7).toString("base64")}`
      ],
      ["with a truncated signature (AUT-025, A03)", `v=${Buffer.alloc(31).toString("base64")}`],
      ["with a longer signature (AUT-025, A03)", `v=${Buffer.alloc(33).toString("base64")}`],
      ["with an empty signature (AUT-025, A03)", "v="],
      ["that is empty (A03)", ""],
      ["with a signature that is not base64 (AUT-025, A03)", "v=****"],
      ["with anything behind the signature (AUT-025)", `${"v=".padEnd(46, "A")},x=1`],
      ["with a zero byte (AUT-028)", `${signature}\0`],
      ["with another attribute (A07)", "x=1"]
    ])("%s", (_, text) => {
      assert.strictEqual(refusal(Scram.serverFinal(proved(), text)), "server-unproven")
    })

    it("with an error in place of a signature, naming it (AUT-025, A07)", () => {
      const verdict = Scram.serverFinal(proved(), `e=invalid-proof,${signature}`)
      assert.deepStrictEqual(
        Either.getLeft(verdict).pipe((left) => left._tag === "Some" && left.value),
        {
          reason: "rejected",
          method: "scram-sha-256",
          detail: "the server answered: invalid-proof"
        }
      )
    })

    it("whatever one byte of the signature is changed (AUT-025, A03)", () => {
      const state = proved()
      for (let at = 0; at < 32; at++) {
        const changed = state.serverSignature.map((byte, index) => (index === at ? byte ^ 1 : byte))
        const text = `v=${Buffer.from(changed).toString("base64")}`
        assert.strictEqual(refusal(Scram.serverFinal(state, text)), "server-unproven")
      }
      const whole = `v=${Buffer.from(state.serverSignature).toString("base64")}`
      assert.strictEqual(refusal(Scram.serverFinal(state, whole)), "accepted")
      assert.strictEqual(refusal(Scram.serverFinal(state, `${whole},x=1`)), "server-unproven")
    })
  })

  // Reads the source, which a mutation test has rewritten.
  it.skipIf("MUTATION_ROOM" in process.env)(
    "compares nonce and signature in constant time only (A11)",
    () => {
      const source = readFileSync(new URL("../../src/auth/Scram.ts", import.meta.url), "utf8")
      assert.strictEqual(source.match(/\btimingSafeEqual\(/g)?.length, 2)
      assert.notMatch(source, /(signature|nonce|proof)\s*[!=]==?(?!=? null)/i)
    }
  )

  it("keeps text of the server printable and short in its messages (A15)", () => {
    const verdict = Scram.serverFinal(proved(), `e=\u001b[31m${"é".repeat(500)}`)
    const detail = Either.match(verdict, { onLeft: (left) => left.detail, onRight: () => "" })
    assert.match(detail, /^the server answered: \?\[31m\?+…$/)
    assert.isBelow(detail.length, 160)
  })
})

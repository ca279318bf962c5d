import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as RolePassword from "../../src/connection/RolePassword.js"
import * as Host from "../../src/host/Host.js"
import { PgClosedError, PgServerError } from "../../src/model/PgError.js"
import type { PgUsageError } from "../../src/model/PgError.js"
import * as ServerFields from "../../src/model/ServerFields.js"
import type { Statement } from "../../src/model/Statement.js"
import { assertSubset } from "../support/subset.js"

const pencil = Redacted.make("pencil")

/** Salt and keys of RFC 7677's example. */
const salt = Uint8Array.from(Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64"))
const verifier =
  "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:" +
  "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="

const salted = Layer.succeed(Host.Host, Host.make({ randomBytes: () => Effect.succeed(salt) }))

/** A server with these settings, and what was sent to it. */
const serverOf = (encryption: string, iterations: string, refusal?: PgServerError | PgClosedError) => {
  const sent: Array<string> = []
  const values = ({ sql }: Statement) => {
    sent.push(sql)
    if (!sql.startsWith("alter")) return Effect.succeed([[encryption, iterations]])
    return refusal === undefined ? Effect.succeed([]) : Effect.fail(refusal)
  }
  return { sent, values }
}

const change = (
  server: ReturnType<typeof serverOf>,
  password = pencil,
  options?: RolePassword.PasswordOptions,
  role = "ann"
): Promise<void> =>
  Effect.runPromise(Effect.provide(RolePassword.change(server, role, password, options), salted))

const failing = (effect: Effect.Effect<unknown, PgUsageError | PgServerError | PgClosedError>) =>
  Effect.runPromise(Effect.provide(Effect.flip(effect), salted))

describe("a change of a password", () => {
  it("sends what the server would store under its own settings, and not the password", async () => {
    const server = serverOf("scram-sha-256", "4096")
    await change(server)
    assert.deepStrictEqual(server.sent.slice(1), [`alter role "ann" password '${verifier}'`])
    assert.notInclude(server.sent.join(), "pencil")
  })

  it("takes 4096 iterations where the server has no setting for it, and the number asked for", async () => {
    const old = serverOf("scram-sha-256", "")
    await change(old)
    assert.include(old.sent[1], verifier)
    const asked = serverOf("md5", "4096")
    await change(asked, pencil, { method: "scram-sha-256", iterations: 1 })
    assert.match(asked.sent.join(), /^alter role "ann" password 'SCRAM-SHA-256\$1:/)
  })

  it("hashes with MD5 where the server's setting is md5, and quotes the role", async () => {
    const server = serverOf("md5", "4096")
    await change(server, Redacted.make("p"), {}, 'u"x')
    // printf 'pu"x' | md5sum
    assert.strictEqual(server.sent[1], `alter role "u""x" password 'md54650909b79d8c74a3c6a77462cfa1c48'`)
  })

  it.each([
    ["an empty password", { password: "" }, "password"],
    ["a zero byte", { password: "a\0b" }, "password"],
    ["no iterations", { iterations: 0 }, "iterations"],
    ["more iterations than a login takes", { iterations: 100_001 }, "iterations"],
    ["a role without a name", { role: "" }, "role"]
  ])("is refused for %s, and changes nothing", async (_, given, argument) => {
    const { iterations, password, role } = { password: "p", role: "ann", iterations: 4096, ...given }
    const server = serverOf("scram-sha-256", "4096")
    const refused = await failing(
      RolePassword.change(server, role, Redacted.make(password), { method: "scram-sha-256", iterations })
    )
    assertSubset(refused, { _tag: "PgUsageError", argument })
    assert.deepStrictEqual(server.sent, [])
  })

  it("asks for the method where the server's setting is unknown", async () => {
    const refused = await failing(RolePassword.change(serverOf("argon2", ""), "ann", pencil))
    assertSubset(refused, { _tag: "PgUsageError", argument: "method" })
  })

  it("has errors without the hash", async () => {
    const server = new PgServerError({
      ...ServerFields.make({ severity: "ERROR", code: "42704", text: "no such role" }),
      sql: `alter role "ann" password '${verifier}'`
    })
    const closed = new PgClosedError({ reason: "gone", sent: true, server: undefined, sql: verifier })
    for (const error of [server, closed]) {
      const failed = await failing(RolePassword.change(serverOf("scram-sha-256", "", error), "ann", pencil))
      assert.strictEqual(failed._tag, error._tag)
      assert.notInclude(failed.message, "SCRAM")
      assertSubset(failed, { sql: `alter role "ann" password '…'` })
    }
  })
})

import { assert, describe, it } from "@effect/vitest"
import * as SystemFailure from "../../src/net/SystemFailure.js"

const withCode = (code: string, message: string): Error => Object.assign(new Error(message), { code })

describe("SystemFailure", () => {
  it("puts the system's codes into words and keeps the code", () => {
    assert.deepStrictEqual(
      SystemFailure.fromError(withCode("EHOSTUNREACH", "connect EHOSTUNREACH 10.0.0.1:5432")),
      {
        _tag: "TransportFailure",
        code: "EHOSTUNREACH",
        message: "no route to the host (EHOSTUNREACH)"
      }
    )
  })

  it("keeps the message of what it does not know", () => {
    const unknown = SystemFailure.fromError(withCode("CERT_HAS_EXPIRED", "certificate has expired"))
    assert.deepInclude(unknown, { code: "CERT_HAS_EXPIRED", message: "certificate has expired" })
    assert.deepInclude(SystemFailure.fromError(new Error("the tunnel collapsed")), {
      code: "",
      message: "the tunnel collapsed"
    })
    assert.deepInclude(SystemFailure.fromError(withCode("constructor", "odd")), { message: "odd" })
  })

  it("never has an empty message", () => {
    for (const nothing of [new Error(""), withCode("EWHAT", ""), undefined, null, "", {}]) {
      assert.notStrictEqual(SystemFailure.fromError(nothing).message, "")
    }
  })

  it("takes the first refusal of several addresses tried together", () => {
    const refusals = [withCode("ECONNREFUSED", "::1"), withCode("ETIMEDOUT", "127.0.0.1")]
    assert.strictEqual(SystemFailure.fromError(new AggregateError(refusals)).code, "ECONNREFUSED")
    assert.strictEqual(SystemFailure.fromError(new AggregateError([])).code, "")
  })

  it("leaves a failure as it is", () => {
    const failure = SystemFailure.make("X", "y")
    assert.strictEqual(SystemFailure.fromError(failure), failure)
  })
})

import { assert, describe, it } from "@effect/vitest"
import type { ServerCertificate } from "../../src/net/TlsIdentity.js"
import * as TlsIdentity from "../../src/net/TlsIdentity.js"
import { serverName } from "../../src/net/Tls.js"

const certificate = (names: string | undefined, CN?: string | ReadonlyArray<string>): ServerCertificate => ({
  der: new Uint8Array(0),
  subject: CN === undefined ? {} : { CN },
  alternativeNames: names,
  fingerprint256: ""
})

const matches = (host: string, names: string | undefined, CN?: string | ReadonlyArray<string>): boolean =>
  TlsIdentity.check(host, certificate(names, CN)) === undefined

describe("whether a certificate is for a host", () => {
  const rows: ReadonlyArray<
    readonly [boolean, string, string | undefined, (string | ReadonlyArray<string>)?]
  > = [
    [true, "db.example.com", "DNS:db.example.com"],
    [true, "DB.example.COM", "DNS:db.EXAMPLE.com"],
    [true, "db.example.com.", "DNS:db.example.com"],
    [true, "db.example.com", "DNS:other, DNS:db.example.com"],
    [false, "db.example.com", "DNS:example.com"],
    [false, "db.example.com", undefined],
    [true, "db.example.com", undefined, "db.example.com"],
    [true, "db.example.com", undefined, ["other", "db.example.com"]],
    [false, "db.example.com", "DNS:other.example.com", "db.example.com"],
    [true, "db.example.com", "DNS:*.example.com"],
    [false, "a.db.example.com", "DNS:*.example.com"],
    [false, "example.com", "DNS:*.example.com"],
    [false, "db.example.com", "DNS:d*.example.com"],
    [false, "db.example.com", "DNS:*b.example.com"],
    [false, "db.example.com", "DNS:db.*.com"],
    [false, "a.b.example.com", "DNS:*.*.example.com"],
    [false, "db.example.com", undefined, "d*.example.com"],
    [true, "db.example.com", "DNS:d*.example.com, DNS:db.example.com"],
    [false, "db.example.com", 'DNS:"db.example.com\\u0000.evil.example"'],
    [false, "db.example.com", undefined, "db.example.com\0.evil.example"],
    [true, "10.0.0.7", "IP Address:10.0.0.7"],
    [false, "10.0.0.7", "IP Address:10.0.0.8"],
    [false, "10.0.0.7", "DNS:10.0.0.7"],
    [false, "10.0.0.7", undefined, "10.0.0.7"],
    [true, "::1", "IP Address:0:0:0:0:0:0:0:1"],
    [true, "fe80::1%eth0", "IP Address:fe80:0:0:0:0:0:0:1"],
    [false, "db.example.com", "URI:http://db.example.com/"]
  ]
  for (const [expected, host, names, CN] of rows) {
    const shown = JSON.stringify([names, CN])
    it(`${expected ? "it is" : "it is not"}: ${host} and ${shown} (CON-056, CON-057, CON-058)`, () => {
      assert.strictEqual(matches(host, names, CN), expected)
    })
  }

  it("is reported with the names of the certificate, and with nothing that could break a line", () => {
    const reason = TlsIdentity.check("db", certificate("DNS:evil\n\u001b[31m"))
    assert.match(reason ?? "", /^the server's certificate is not for db: it is for DNS:evil\?\?\[31m$/)
  })
})

describe("the name sent in the clear", () => {
  it("is the host's, without a last dot, and never an address (CON-032)", () => {
    assert.strictEqual(serverName("db.example.com", true), "db.example.com")
    assert.strictEqual(serverName("db.example.com.", true), "db.example.com")
    for (const host of ["", "10.0.0.7", "::1", "1.2.3", "fe80::1%eth0"]) {
      assert.isUndefined(serverName(host, true), host)
    }
    assert.isUndefined(serverName("db.example.com", false))
  })
})

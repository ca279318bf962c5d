import { assert, describe, it } from "@effect/vitest"
import * as Hosts from "../../src/config/Hosts.js"
import * as PgConfig from "../../src/config/PgConfig.js"
import { left, right } from "./outcome.js"

const hosts = (conninfo: string) => right(PgConfig.fromConnectionString(conninfo)).hosts
const refused = (conninfo: string) => left(PgConfig.fromConnectionString(conninfo))

describe("Hosts", () => {
  it("counts addresses when there are any, else hosts, and one port serves all (CON-115)", () => {
    assert.deepStrictEqual(hosts("host=a,b port=7"), [
      { host: "a", port: 7 },
      { host: "b", port: 7 }
    ])
    assert.deepStrictEqual(hosts("hostaddr=10.0.0.1,::1 port=7,"), [
      { host: "", hostaddr: "10.0.0.1", port: 7 },
      { host: "", hostaddr: "::1", port: 5432 }
    ])
    assert.deepStrictEqual(hosts("host=a, hostaddr=,10.0.0.2"), [
      { host: "a", port: 5432 },
      { host: "", hostaddr: "10.0.0.2", port: 5432 }
    ])
  })

  it("refuses lists that do not fit each other (CON-115)", () => {
    assert.strictEqual(refused("host=a,b hostaddr=10.0.0.1").key, "host")
    assert.strictEqual(refused("host=a,b port=1,2,3").key, "port")
    assert.strictEqual(refused("port=1,2").key, "port")
    assert.strictEqual(left(PgConfig.make({ host: ["a", "b", "c"], port: [1, 2] })).key, "port")
  })

  it("refuses ports outside 1 to 65535 (CON-115)", () => {
    for (const port of ["0", "65536", "-1", "x", "1 2", "1.5", "1,0"]) {
      assert.strictEqual(refused(`port='${port}'`).key, "port", port)
    }
    for (const port of [0, 65536, 1.5, NaN]) {
      assert.strictEqual(left(PgConfig.make({ port })).key, "port")
      assert.strictEqual(left(PgConfig.make({ hosts: [{ host: "h", port }] })).key, "port")
    }
    assert.deepStrictEqual(hosts("port=' 65535 '"), [{ host: "", port: 65535 }])
  })

  it("takes numeric addresses only as hostaddr", () => {
    for (const address of ["example.com", "1.2.3", "1.2.3.256", "g::1"]) {
      const { key, reason } = refused(`hostaddr=${address}`)
      assert.strictEqual(key, "hostaddr", address)
      assert.match(reason, /^expected numeric addresses, .*, got a text of \d+ characters$/)
    }
    assert.strictEqual(hosts("host=db hostaddr=fe80::1%eth0")[0]?.host, "db")
  })

  it("knows socket folders and abstract sockets, and their paths by port (CON-012)", () => {
    assert.isTrue(Hosts.isUnixSocket("/tmp"))
    assert.isTrue(Hosts.isUnixSocket("@pg"))
    assert.isFalse(Hosts.isUnixSocket("tmp"))
    assert.strictEqual(Hosts.socketPath({ host: "/tmp", port: 5433 }), "/tmp/.s.PGSQL.5433")
    assert.strictEqual(Hosts.socketPath({ host: "@pg", port: 5433 }), "@pg/.s.PGSQL.5433")
  })

  it("refuses a socket path of more than 107 bytes, and names the limit (CON-012)", () => {
    const name = ".s.PGSQL.5432"
    const folder = `/${"x".repeat(107 - name.length - 2)}`
    assert.deepStrictEqual(right(PgConfig.make({ host: folder })).hosts, [{ host: folder, port: 5432 }])
    const error = left(PgConfig.make({ host: `${folder}x` }))
    assert.strictEqual(error.key, "host")
    assert.include(error.reason, "107")
    // Bytes, not characters.
    assert.strictEqual(left(PgConfig.make({ host: `${folder.slice(0, -1)}é` })).key, "host")
  })
})

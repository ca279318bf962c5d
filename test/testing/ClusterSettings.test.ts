import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { addresses, hba, render } from "../../src/testing/ClusterSettings.js"
import type { AddressFamily } from "../../src/testing/ClusterSettings.js"

/** How the server reads a quoted value in its configuration file. */
const read = (line: string): string => {
  const quoted = /^\w+ = '(.*)'\n$/s.exec(line)?.[1] ?? assert.fail(`no setting: ${line}`)
  return quoted.replace(/\\n|\\\\|''/g, (escape) => (escape === "\\n" ? "\n" : escape.slice(1)))
}

describe("settings", () => {
  it.prop("are one line each, and come back as they were", [fc.string({ unit: "grapheme" })], ([value]) => {
    const line = render({ cluster_name: value })
    assert.strictEqual(line.split("\n").length, 2)
    assert.strictEqual(read(line), value)
  })

  it("are written in their order, so that later ones win", () => {
    assert.strictEqual(render({ work_mem: "1MB", port: "5" }), "work_mem = '1MB'\nport = '5'\n")
  })

  it("leave out the kind of address that is not wanted", () => {
    const tcp = { port: "7", listen_addresses: "127.0.0.1", unix_socket_directories: "" }
    const unix = { port: "7", listen_addresses: "", unix_socket_directories: "/run/x" }
    assert.deepStrictEqual(addresses("tcp", 7, "/run/x"), tcp)
    assert.deepStrictEqual(addresses("unix", 7, "/run/x"), unix)
    assert.deepStrictEqual(addresses("both", 7, "/run/x"), { ...tcp, unix_socket_directories: "/run/x" })
  })

  it("name the loopback addresses of a family", () => {
    const listening = (family: AddressFamily) => addresses("both", 7, "/x", family)["listen_addresses"]
    assert.strictEqual(listening("ipv4"), "127.0.0.1")
    assert.strictEqual(listening("ipv6"), "::1")
    assert.strictEqual(listening("both"), "127.0.0.1,::1")
    assert.strictEqual(addresses("unix", 7, "/x", "both")["listen_addresses"], "")
  })
})

describe("pg_hba.conf", () => {
  it("admits every local user by the method, also for replication", () => {
    const lines = hba(undefined, "md5").trimEnd().split("\n")
    assert.strictEqual(lines.length, 6)
    assert.include(lines, "local all all md5")
    assert.include(lines, "host replication all 127.0.0.1/32 md5")
  })

  it("is the caller's lines and no other", () => {
    assert.strictEqual(
      hba(["local all all reject", "# nobody else"], "trust"),
      "local all all reject\n# nobody else\n"
    )
    assert.strictEqual(hba([], "trust"), "")
  })
})

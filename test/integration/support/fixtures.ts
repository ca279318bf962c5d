/** Certificates of `test/fixtures/tls`, whose recipe lies beside them. */
import * as Effect from "effect/Effect"
import { chmodSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import type { EmbeddedServer } from "../../../src/testing/EmbeddedPostgres.js"

/** Path of a file, such as `good.crt`. */
export const tlsFile = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/tls/${name}`, import.meta.url))

/** Its text. */
export const tlsText = (name: string): string => readFileSync(tlsFile(name), "utf8")

/** Path of a key that only its owner may read, which is more than a checkout keeps. */
export const keyFile = (name: string): string => {
  const path = tlsFile(name)
  chmodSync(path, 0o600)
  return path
}

/** What a server needs to show the certificate of this name. */
export const served = (name: string) => ({ cert: tlsFile(`${name}.crt`), key: tlsFile(`${name}.key`) })

/** Makes a running server, started with a certificate, show another one from now on. */
export const show = (server: EmbeddedServer, name: string): Effect.Effect<void> =>
  Effect.suspend(() => {
    writeFileSync(`${server.dataFolder}/server.crt`, tlsText(`${name}.crt`))
    writeFileSync(`${server.dataFolder}/server.key`, tlsText(`${name}.key`))
    return server.reload
  })

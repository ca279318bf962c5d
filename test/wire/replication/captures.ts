/** What real servers sent, from `test/fixtures/pgoutput`. */
import { readFileSync } from "node:fs"

export interface Capture {
  readonly version: number
  readonly scene: string
  readonly options: Readonly<Record<string, string>>
  /** Position and payload of each message; in scenes of a live walsender whole payloads without a position. */
  readonly messages: ReadonlyArray<readonly [lsn: string, data: string]>
}

interface File {
  readonly version: number
  readonly scenes: Readonly<Record<string, Omit<Capture, "version" | "scene">>>
}

export const captures: ReadonlyArray<Capture> = [14, 15, 16, 17, 18].flatMap((version) => {
  const path = new URL(`../../fixtures/pgoutput/v${version}.json`, import.meta.url)
  const { scenes } = JSON.parse(readFileSync(path, "utf8")) as File
  return Object.entries(scenes).map(([scene, capture]) => ({ version, scene, ...capture }))
})

/** Captures of `pgoutput`, those of a live walsender or the others. */
export const ofPgOutput = (live: boolean): ReadonlyArray<Capture> =>
  captures.filter(({ scene }) => scene !== "lines" && scene.startsWith("live") === live)

export const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"))

/** The bytes of a position such as `0/1776D98`. */
export const lsnBytes = (lsn: string): Uint8Array => {
  const [high, low] = lsn.split("/").map((half) => Number.parseInt(half, 16))
  const bytes = new Uint8Array(8)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, high!)
  view.setUint32(4, low!)
  return bytes
}

/** Every message of a capture as the payload of an `XLogData`, and keepalives where there were some. */
export const payloads = ({ messages, scene }: Capture): ReadonlyArray<Uint8Array> =>
  messages.map(([lsn, hex]) => {
    const data = bytesOf(hex)
    if (scene.startsWith("live")) return data
    const position = lsnBytes(lsn)
    return Uint8Array.from([0x77, ...position, ...position, ...new Uint8Array(8), ...data])
  })

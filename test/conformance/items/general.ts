/** What holds everywhere, because of what JavaScript is. */
import { settled, type Section } from "../item.js"

export const general: ReadonlyArray<Section> = [
  settled(
    "GEN",
    "Everywhere",
    "protocol-overview.html#PROTOCOL-MESSAGE-CONCEPTS",
    `
GEN-001 Whatever is 64 bits wide on the wire (LSNs, counts, xid8) stays exact past 2^53.
GEN-002 OIDs, transaction ids, timelines and keys come out as unsigned numbers, never negative.
GEN-003 How the network cuts the bytes makes no difference: any cut of a stream gives the same frames.
GEN-004 UTF-8 is decoded from whole fields, so a character cut by the network survives.
GEN-005 What a user holds does not change when a later chunk arrives.
GEN-006 Slow readers and full send buffers slow the other side down, and a blocked write never stops reading.
GEN-007 Nagle is off, keepalive is on, and one batch leaves in one write.
GEN-008 A user's callback that throws leaves the conversation in step.
`
  )
]

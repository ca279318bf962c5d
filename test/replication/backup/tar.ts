/** Tar archives, also such as no server sends. */

export interface Made {
  readonly name: string
  readonly content?: string | Uint8Array
  /** The header's size, where it differs from the content's. */
  readonly size?: number
  /** Of the header: `0` for a file, `5` for a folder, `2` for a link. */
  readonly type?: string
  readonly target?: string
  readonly mode?: number
}

const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, "0")}\0`

/** One header and what follows it, to whole blocks. */
export const member = ({ content = "", mode = 0o600, name, size, target = "", type = "0" }: Made): Buffer => {
  const body = typeof content === "string" ? Buffer.from(content) : Buffer.from(content)
  const header = Buffer.alloc(512)
  header.write(name.slice(0, 100), 0)
  header.write(octal(mode, 8), 100)
  header.write(octal(0, 8), 108)
  header.write(octal(0, 8), 116)
  const stated = size ?? body.length
  if (stated < 0 || stated >= 8 ** 11) {
    header.writeUInt8(stated < 0 ? 0xff : 0x80, 124)
    header.writeBigInt64BE(BigInt(stated), 128)
    if (stated < 0) header.fill(0xff, 125, 128)
  } else header.write(octal(stated, 12), 124)
  header.write(octal(0, 12), 136)
  header.write("        ", 148)
  header.write(type, 156)
  header.write(target.slice(0, 100), 157)
  header.write("ustar\0" + "00", 257)
  header.write(
    `${octal(
      header.reduce((sum, byte) => sum + byte, 0),
      7
    )} `,
    148
  )
  return Buffer.concat([header, body, Buffer.alloc((512 - (body.length % 512)) % 512)])
}

/** A long name in the manner of GNU, or a pax attribute, before a member. */
export const gnuName = (name: string): Buffer =>
  member({ name: "././@LongLink", type: "L", content: `${name}\0` })

export const pax = (key: string, value: string): Buffer => {
  const line = ` ${key}=${value}\n`
  let length = line.length + 1
  while (String(length).length + line.length !== length) length++
  return member({ name: "PaxHeader/x", type: "x", content: `${length}${line}` })
}

export const ending = Buffer.alloc(1024)

export const archiveOf = (...members: ReadonlyArray<Made>): Buffer =>
  Buffer.concat([...members.map(member), ending])

/** The folders that a data folder has. */
export const folder = (name: string): Made => ({ name: `${name}/`, type: "5", mode: 0o700 })

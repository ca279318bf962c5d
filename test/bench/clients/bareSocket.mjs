/**
 * A socket that speaks just enough of the protocol to log in, send frames and count what comes back. It decodes no
 * value: the time it needs is the floor that every client of the benchmark stands on.
 */
import { createHash, createHmac, pbkdf2, randomBytes } from "node:crypto"
import { connect as connectTcp } from "node:net"
import { promisify } from "node:util"

const deriveKey = promisify(pbkdf2)
const hmac = (key, text) => createHmac("sha256", key).update(text).digest()
const sha256 = (bytes) => createHash("sha256").update(bytes).digest()

const int16 = (value) => Buffer.from([(value >> 8) & 255, value & 255])
const int32 = (value) => {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeInt32BE(value)
  return bytes
}
const cstring = (text) => Buffer.from(`${text}\0`)

/** One frontend message; an empty tag makes the start-up packet. */
const frame = (tag, ...parts) => {
  const body = Buffer.concat(parts)
  return Buffer.concat([Buffer.from(tag), int32(body.length + 4), body])
}

export const sync = frame("S")
export const terminate = frame("X")
export const execute = frame("E", cstring(""), int32(0))
export const parse = (name, sql) => frame("P", cstring(name), cstring(sql), int16(0))

/** Binds the unnamed portal without parameters and asks for every column in binary. */
export const bindNothing = (name) =>
  frame("B", cstring(""), cstring(name), int16(0), int16(0), int16(1), int16(1))

/** Binds one binary int4, zero for now: its four bytes begin at `int4At` of the frame. */
export const bindInt4 = (name) =>
  frame("B", cstring(""), cstring(name), int16(1), int16(1), int16(1), int32(4), int32(0), int16(1), int16(1))
export const int4At = (name) => 1 + 4 + 1 + name.length + 1 + 2 + 2 + 2 + 4

const tags = { auth: 0x52, error: 0x45, row: 0x44, ready: 0x5a, status: 0x53 }

const errorText = (body) => {
  const fields = body.toString("utf8").split("\0")
  return fields.find((field) => field.startsWith("M"))?.slice(1) ?? "the server reported an error"
}

export class BareSocket {
  /** DataRow and ReadyForQuery messages seen so far. */
  rows = 0
  ready = 0
  serverVersion = ""
  /** Called once per socket chunk with the number of rows in it; a promise it returns pauses the socket. */
  onRows = undefined

  #socket
  #carry = Buffer.alloc(0)
  #skip = 0
  #awaited = 0
  #waiter = undefined
  #challenges = []
  #failure = undefined

  constructor(socket) {
    this.#socket = socket
    socket.on("data", (chunk) => this.#read(chunk))
    socket.on("error", (error) => this.#fail(error))
    socket.on("close", () => this.#fail(new Error("the server closed the connection")))
  }

  static async open({ host, port, user, database, password }) {
    const socket = connectTcp({ host, port, noDelay: true })
    const self = new BareSocket(socket)
    const startup = frame(
      "",
      int32(196608),
      cstring("user"),
      cstring(user),
      cstring("database"),
      cstring(database),
      Buffer.from([0])
    )
    self.write(startup)
    await self.#authenticate(password ?? "")
    return self
  }

  write(bytes) {
    this.#socket.write(bytes)
  }

  /** Waits for `count` more ReadyForQuery messages than had been seen when the last wait ended. */
  untilReady(count) {
    this.#awaited += count
    return this.#wait(() => this.ready >= this.#awaited)
  }

  /** Runs statements by the simple protocol and drops their rows. */
  async simple(sql) {
    this.write(frame("Q", cstring(sql)))
    await this.untilReady(1)
  }

  async close() {
    this.#failure ??= new Error("closed")
    await new Promise((resolve) => {
      this.#socket.once("close", resolve)
      this.#socket.end(terminate)
    })
  }

  async #authenticate(password) {
    const next = async () => {
      await this.#wait(() => this.#challenges.length > 0)
      const body = this.#challenges.shift()
      return { kind: body.readInt32BE(0), data: body.subarray(4) }
    }
    const first = await next()
    if (first.kind === 10) {
      const clientFirst = `n=,r=${randomBytes(18).toString("base64")}`
      const initial = Buffer.from(`n,,${clientFirst}`)
      this.write(frame("p", cstring("SCRAM-SHA-256"), int32(initial.length), initial))
      const serverFirst = (await next()).data.toString()
      const { r: nonce, s: salt, i: rounds } = attributes(serverFirst)
      const salted = await deriveKey(password, Buffer.from(salt, "base64"), Number(rounds), 32, "sha256")
      const clientKey = hmac(salted, "Client Key")
      const withoutProof = `c=biws,r=${nonce}`
      const signed = `${clientFirst},${serverFirst},${withoutProof}`
      const signature = hmac(sha256(clientKey), signed)
      const proof = Buffer.from(clientKey.map((byte, i) => byte ^ signature[i]))
      this.write(frame("p", Buffer.from(`${withoutProof},p=${proof.toString("base64")}`)))
      const expected = hmac(hmac(salted, "Server Key"), signed).toString("base64")
      if (attributes((await next()).data.toString()).v !== expected)
        throw new Error("the server did not prove itself")
      if ((await next()).kind !== 0) throw new Error("authentication did not end")
    } else if (first.kind !== 0) {
      throw new Error(`the floor does not speak authentication method ${first.kind}`)
    }
    await this.untilReady(1)
  }

  #wait(isDone) {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (isDone()) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#waiter = { isDone, resolve, reject }
    })
  }

  #fail(error) {
    this.#failure ??= error
    const waiter = this.#waiter
    this.#waiter = undefined
    waiter?.reject(this.#failure)
  }

  #read(chunk) {
    let at = this.#skip
    if (at >= chunk.length) {
      this.#skip -= chunk.length
      return
    }
    this.#skip = 0
    let bytes = chunk
    if (this.#carry.length > 0) {
      bytes = Buffer.concat([this.#carry, chunk])
      this.#carry = Buffer.alloc(0)
    }
    const end = bytes.length
    const before = this.rows
    while (end - at >= 5) {
      const tag = bytes[at]
      const next =
        at + 1 + ((bytes[at + 1] << 24) | (bytes[at + 2] << 16) | (bytes[at + 3] << 8) | bytes[at + 4])
      if (tag === tags.row) {
        this.rows++
        if (next > end) this.#skip = next - end
      } else {
        if (next > end) break
        this.#control(tag, bytes, at + 5, next)
      }
      at = next
    }
    if (at < end) this.#carry = bytes.subarray(at)
    if (this.rows > before) this.#report(this.rows - before)
    const waiter = this.#waiter
    if (waiter?.isDone()) {
      this.#waiter = undefined
      waiter.resolve()
    }
  }

  #control(tag, bytes, from, to) {
    if (tag === tags.ready) this.ready++
    else if (tag === tags.auth) this.#challenges.push(bytes.subarray(from, to))
    else if (tag === tags.error) this.#fail(new Error(errorText(bytes.subarray(from, to))))
    else if (tag === tags.status) {
      const [name, value] = bytes.toString("utf8", from, to).split("\0")
      if (name === "server_version") this.serverVersion = value
    }
  }

  #report(count) {
    const wait = this.onRows?.({ length: count })
    if (wait === undefined) return
    this.#socket.pause()
    void wait.then(() => this.#socket.resume())
  }
}

const attributes = (text) => Object.fromEntries(text.split(",").map((part) => [part[0], part.slice(2)]))

/** The floor: the workloads by hand on a bare socket, binary asked for, nothing decoded. */
import { BareSocket, bindInt4, bindNothing, execute, int4At, parse, sync } from "./bareSocket.mjs"

const name = "q"
const oneQuery = Buffer.concat([bindInt4(name), execute, sync])
const valueAt = int4At(name)

/** `count` times Bind, Execute, Sync as one piece of memory, with a place for each value. */
const wave = (count) => {
  const bytes = Buffer.concat(Array.from({ length: count }, () => oneQuery))
  return {
    bytes,
    fill: (first) => {
      for (let i = 0; i < count; i++) bytes.writeInt32BE(first + i, i * oneQuery.length + valueAt)
    }
  }
}

export const open = async (config) => {
  const sockets = await Promise.all(Array.from({ length: config.connections }, () => BareSocket.open(config)))
  const [socket] = sockets
  await Promise.all(
    sockets.map((each) => {
      each.write(Buffer.concat([parse(name, "select $1::int4 as x"), sync]))
      return each.untilReady(1)
    })
  )

  const rows = async (sql) => {
    const before = socket.rows
    socket.write(Buffer.concat([parse("", sql), bindNothing(""), execute, sync]))
    await socket.untilReady(1)
    return { length: socket.rows - before }
  }

  return {
    all: rows,
    stream: async (sql, onRows) => {
      socket.onRows = onRows
      await rows(sql)
      socket.onRows = undefined
    },
    sequential: async (count) => {
      const one = wave(1)
      for (let i = 0; i < count; i++) {
        one.fill(i)
        socket.write(one.bytes)
        await socket.untilReady(1)
      }
    },
    concurrent: async (count, fibers) => {
      if (!config.pipelined) {
        // Each socket is lent to one statement at a time.
        await Promise.all(
          sockets.map(async (each, first) => {
            const one = wave(1)
            for (let i = first; i < count; i += sockets.length) {
              one.fill(i)
              each.write(one.bytes)
              await each.untilReady(1)
            }
          })
        )
        return
      }
      const share = fibers / sockets.length
      const waves = sockets.map(() => wave(share))
      for (let done = 0; done < count; done += fibers) {
        await Promise.all(
          sockets.map((each, i) => {
            waves[i].fill(done + i * share)
            each.write(waves[i].bytes)
            return each.untilReady(share)
          })
        )
      }
    },
    close: async () => {
      await Promise.all(sockets.map((each) => each.close()))
    }
  }
}

export const connectOnce = async (config) => {
  const socket = await BareSocket.open(config)
  await socket.close()
}

/** `node walLoad.mjs <task as JSON>`: sessions that each commit one row after the other; prints how long all of them took. */
import { BareSocket } from "./bareSocket.mjs"

const { config, count, sessions } = JSON.parse(process.argv[2])
const sockets = await Promise.all(Array.from({ length: sessions }, () => BareSocket.open(config)))
let begun = 0
const begin = performance.now()
await Promise.all(
  sockets.map(async (socket) => {
    while (begun < count) await socket.simple(`insert into bench_commits values (${++begun})`)
  })
)
process.stdout.write(JSON.stringify({ wallMs: performance.now() - begin }))
await Promise.all(sockets.map((socket) => socket.close()))

/** A program of another language, and what it used of the CPU. */
import { spawn } from "node:child_process"

/** The shell prints what the program used: `0m0.123s 0m0.045s` of its children, after its own. */
const millis = (line) =>
  [...line.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, m, s]) => sum + (Number(m) * 60 + Number(s)) * 1000,
    0
  )

/** Runs a program to its end; gives its CPU time in milliseconds, of both kinds. */
export const timed = (program, args) =>
  new Promise((resolve, reject) => {
    const child = spawn("sh", ["-c", `${program} "$@" >&2 && times`, program, ...args], {
      stdio: ["ignore", "pipe", "inherit"]
    })
    let text = ""
    child.stdout.on("data", (chunk) => (text += chunk))
    child.on("error", reject)
    child.on("close", (code) =>
      code === 0 ? resolve(millis(text.split("\n")[1] ?? "")) : reject(new Error(`it ended with ${code}`))
    )
  })

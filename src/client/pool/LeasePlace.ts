/** Where in a program a connection was taken. */

/** The folder of this package: its own frames are passed over. */
const own = new URL("../../", import.meta.url).href

const isForeign = (frame: string): boolean =>
  !frame.includes(own) &&
  !frame.includes(own.replace("file://", "")) &&
  !frame.includes("/node_modules/effect/") &&
  !frame.includes("node:")

/** The innermost frame of the caller's own code, such as `serve (file:///app/main.js:12:5)`; `undefined` when there is none. */
export const current = (): string | undefined =>
  new Error().stack
    ?.split("\n")
    .slice(1)
    .map((line) => line.trim().replace(/^at /, ""))
    .find(isForeign)

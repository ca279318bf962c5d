/** Names of archive members and of files in a manifest: only what stays inside the folder becomes a path. */

const longestPath = 4096
const longestPart = 255

/**
 * Why no path may be made of the name; `undefined` for one that is relative, goes down only, and fits a file system. A `./` before it
 * and a slash at its end are allowed.
 */
export const refusal = (name: string): string | undefined => {
  if (name === "" || name === "/") return "its path is empty"
  if (name.includes("\0")) return "its path has a zero byte"
  if (name.startsWith("/")) return "its path must be relative"
  if (/[\u0001-\u001f\u007f]/.test(name)) return "its path has a control character"
  if (name.includes("\ufffd")) return "its path is not UTF-8"
  if (name.length > longestPath) return "its path is too long"
  for (const part of plain(name).split("/")) {
    if (part === "") return "its path has an empty part"
    if (part === "." || part === "..") return `its path has the part ${part}`
    if (Buffer.byteLength(part) > longestPart) return "a part of its path is too long"
  }
  return undefined
}

/** The name without the slash at the end that folders and links have, and without the `./` that servers put before some. */
export const plain = (name: string): string => {
  const below = name.startsWith("./") ? name.slice(2) : name
  return below.endsWith("/") ? below.slice(0, -1) : below
}

/** A name for a message: not longer than a line. */
export const shown = (name: string): string =>
  JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name)

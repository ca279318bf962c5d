/** What is mutated: the rooms without effects, and the part of `connection` that holds a session. Each with the least score it must reach. */
export const rooms = [
  { name: "model", folder: "src/model", least: 80 },
  { name: "bytes", folder: "src/bytes", least: 80 },
  { name: "wire", folder: "src/wire", least: 85 },
  { name: "types", folder: "src/types", least: 80 },
  { name: "auth", folder: "src/auth", least: 80 },
  { name: "protocol", folder: "src/protocol", least: 85 },
  { name: "config", folder: "src/config", least: 80 },
  { name: "connection/session", folder: "src/connection/session", least: 85 }
]

/** The room of a file, by its path below the project. */
export const roomOf = (path) => rooms.find(({ folder }) => path.includes(`${folder}/`))

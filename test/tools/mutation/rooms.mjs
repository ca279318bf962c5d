/**
 * What is mutated: the rooms without effects, and the part of `connection` that holds a session. Each with the tests that try its mutants,
 * its share of the sample, and the least score it must reach.
 */
export const rooms = [
  { name: "model", folder: "src/model", tests: ["model", "types"], share: 260, least: 80 },
  { name: "bytes", folder: "src/bytes", tests: ["bytes", "wire"], share: 120, least: 80 },
  { name: "wire", folder: "src/wire", tests: ["wire", "protocol"], share: 300, least: 85 },
  { name: "types", folder: "src/types", tests: ["types"], share: 340, least: 80 },
  { name: "auth", folder: "src/auth", tests: ["auth", "connection"], share: 120, least: 80 },
  { name: "protocol", folder: "src/protocol", tests: ["protocol"], share: 150, least: 85 },
  { name: "config", folder: "src/config", tests: ["config"], share: 170, least: 80 },
  {
    name: "connection/session",
    folder: "src/connection/session",
    tests: ["connection"],
    share: 280,
    least: 85
  }
]

/** The room of a file, by its path below the project. */
export const roomOf = (path) => rooms.find(({ folder }) => path.includes(`${folder}/`))

/** The room that this run of Stryker mutates. */
export const chosenRoom = () => {
  const name = process.env.MUTATION_ROOM
  const room = rooms.find((room) => room.name === name)
  if (room === undefined)
    throw new Error(`MUTATION_ROOM must be one of ${rooms.map(({ name }) => name).join(", ")}, got ${name}`)
  return room
}

/** Where Stryker's report of a room lies, below the project. */
export const reportOf = (room) => `.stryker-tmp/report-${room.name.replace("/", "-")}.json`
